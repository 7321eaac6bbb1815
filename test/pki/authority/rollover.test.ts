import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { copyFile, mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { initCertificates } from '../../../src/pki/authority/init-certificates.ts';
import { issueCertificate } from '../../../src/pki/authority/issued.ts';
import { renewCertificate } from '../../../src/pki/authority/renewal.ts';
import {
  cancelRollover,
  retireRollover,
  startRollover,
  switchRollover,
} from '../../../src/pki/authority/rollover.ts';
import { revokeCertificate } from '../../../src/pki/authority/revocation.ts';
import { readAnnouncement, readRollover } from '../../../src/pki/authority/rollover-state.ts';
import { loadServerCertificate } from '../../../src/pki/authority/server-certificate.ts';
import { readStatus } from '../../../src/pki/authority/status.ts';
import { parseCertificates } from '../../../src/pki/x509/certificate-file.ts';
import { run } from '../../support/programs.ts';
import { describeWith } from '../../support/requires.ts';
import { HOSTS, followTheBook, makeDirectory, readCertificate, temporaryFolders } from '../support.ts';

const folder = temporaryFolders();
const now = new Date();

/** Which of the CAs a client trusts, as files beside the certs directory. */
async function trusts(directory: string): Promise<Readonly<Record<'old' | 'new' | 'both', string>>> {
  const to = await folder();
  const files = { old: join(to, 'old.crt'), new: join(to, 'new.crt'), both: join(to, 'both.crt') };
  const old = await readFile(join(directory, 'ca.crt'), 'utf8');
  await startRollover({ directory, now: new Date(), hosts: [] });
  const [next] = parseCertificates((await readAnnouncement(directory)) ?? '', 'announcement');
  await writeFile(files.old, old);
  await writeFile(files.new, next.toString());
  await writeFile(files.both, `${old}${next.toString()}`);
  return files;
}

const PAIRS_IN_FORCE = ['ca.crt', 'ca.key', 'domain.crt', 'domain.key'];

describe('a rollover', () => {
  it('goes from step to step, and each can be repeated', async () => {
    const directory = await makeDirectory(await folder(), { now });
    const old = await readFile(join(directory, 'ca.crt'), 'utf8');
    const leaf = await readFile(join(directory, 'domain.crt'), 'utf8');

    const announced = await startRollover({ directory, now, hosts: [] });
    expect(announced).toMatchObject({ step: 'announced', isBridged: true });
    expect(await startRollover({ directory, now, hosts: [] })).toEqual(announced);
    expect(await readFile(join(directory, 'domain.crt'), 'utf8')).toBe(leaf);
    const { authority = '', warnings } = await loadServerCertificate({ directory }, now);
    expect(warnings).toEqual([]);
    expect(parseCertificates(authority, '').map(({ subject }) => subject)).toHaveLength(2);
    expect(authority.startsWith(old)).toBe(true);

    expect(await switchRollover({ directory, now })).toMatchObject({ step: 'switched' });
    const switched = await readFile(join(directory, 'domain.crt'), 'utf8');
    expect(await switchRollover({ directory, now })).toMatchObject({ step: 'switched' });
    expect(await readFile(join(directory, 'domain.crt'), 'utf8')).toBe(switched);
    const served = await loadServerCertificate({ directory }, now);
    expect(served).toMatchObject({ warnings: [], names: HOSTS });
    expect(served.authority?.endsWith(old)).toBe(true);

    await retireRollover({ directory });
    const { authority: alone, cert } = await loadServerCertificate({ directory }, now);
    expect(parseCertificates(alone ?? '', '')).toHaveLength(1);
    expect(parseCertificates(cert, '')).toHaveLength(1);
    expect((await readdir(directory)).toSorted()).toEqual(PAIRS_IN_FORCE);
    await expect(retireRollover({ directory })).rejects.toMatchObject({ code: 'USAGE' });
    expect((await readStatus({ directory }, now)).state).toBe('fine');
    expect(await renewCertificate({ directory, now, force: true })).toBe('renewed');
  });

  it('can be cancelled before the switch, and not after it', async () => {
    const directory = await makeDirectory(await folder(), { now });
    const before = await readFile(join(directory, 'ca.crt'));
    await startRollover({ directory, now, hosts: [] });
    await cancelRollover({ directory });
    expect((await readdir(directory)).toSorted()).toEqual(PAIRS_IN_FORCE);
    expect(await readFile(join(directory, 'ca.crt'))).toEqual(before);
    await startRollover({ directory, now, hosts: [] });
    await switchRollover({ directory, now });
    await expect(cancelRollover({ directory })).rejects.toMatchObject({
      hint: expect.stringContaining('registry-gate certs rollover retire'),
    });
  });

  it.each([
    { step: 'switch', take: switchRollover },
    { step: 'retire', take: retireRollover },
  ])('does not begin with $step', async ({ take }) => {
    const directory = await makeDirectory(await folder(), { now });
    await expect(take({ directory, now })).rejects.toMatchObject({
      code: 'USAGE',
      hint: expect.stringContaining('registry-gate certs rollover start'),
    });
  });

  it('does not retire what is only announced', async () => {
    const directory = await makeDirectory(await folder(), { now });
    await startRollover({ directory, now, hosts: [] });
    await expect(retireRollover({ directory })).rejects.toMatchObject({
      hint: expect.stringContaining('registry-gate certs rollover switch'),
    });
  });

  it('gives a CA that may sign more, once the old one is retired', async () => {
    const directory = await makeDirectory(await folder(), { now });
    await startRollover({ directory, now, hosts: ['nas'] });
    await switchRollover({ directory, now });
    await retireRollover({ directory });
    expect(await renewCertificate({ directory, now, hosts: ['nas'] })).toBe('renewed');
    expect((await loadServerCertificate({ directory }, now)).names).toEqual([...HOSTS, 'nas']);
  });

  it('keeps the bridge in what is made while it goes on', async () => {
    const directory = await makeDirectory(await folder(), { now });
    await startRollover({ directory, now, hosts: [] });
    await switchRollover({ directory, now });
    const lengthOf = async (...path: readonly string[]): Promise<number> =>
      parseCertificates(await readFile(join(directory, ...path), 'utf8'), '').length;
    await renewCertificate({ directory, now, force: true });
    expect(await lengthOf('domain.crt')).toBe(2);
    await initCertificates({ directory, now, hosts: ['other.lan'] });
    expect(await lengthOf('domain.crt')).toBe(2);
    await issueCertificate({ directory, now, hosts: ['db.lan'] });
    expect(await lengthOf('issued', 'db.lan.crt')).toBe(2);
  });

  it('keeps a passphrase', async () => {
    const passphraseFile = join(await folder(), 'passphrase');
    await writeFile(passphraseFile, 'secret words\n');
    const directory = await makeDirectory(await folder(), { now, passphraseFile });
    await startRollover({ directory, now, hosts: [], passphraseFile });
    await switchRollover({ directory, now, passphraseFile });
    expect(await readFile(join(directory, 'ca.key'), 'utf8')).toContain('ENCRYPTED');
    expect((await readRollover(directory)).step).toBe('switched');
  });
});

describeWith(['openssl', 'curl', 'gnutls-cli', 'skopeo'], 'clients in a rollover', () => {
  const NODE = `
const [port, file] = process.argv.slice(1);
const socket = require('node:tls').connect({ host: '127.0.0.1', port, ca: require('node:fs').readFileSync(file) });
socket.on('secureConnect', () => process.exit(0));
socket.on('error', () => process.exit(1));
`;

  async function refusing(directory: string, ca: string): Promise<readonly string[]> {
    const { cert, key } = await loadServerCertificate({ directory }, new Date());
    const server = createServer({ cert, key: key.reveal() }, (_request, response) => {
      response.setHeader('content-type', 'application/json');
      response.end('{"name":"app","tags":["1"]}');
    });
    server.on('tlsClientError', () => undefined).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const trust = join(await folder(), randomBytes(4).toString('hex'));
    await mkdir(trust);
    await copyFile(ca, join(trust, 'ca.crt'));
    const openssl = `s_client -connect 127.0.0.1:${port} -x509_strict -verify_return_error -verify_ip 127.0.0.1 -CAfile`;
    const commands: readonly (readonly [string, ...string[]])[] = [
      ['skopeo', 'list-tags', '--cert-dir', trust, `docker://127.0.0.1:${port}/app`],
      ['curl', '-sS', '--cacert', ca, `https://127.0.0.1:${port}/v2/`],
      ['openssl', ...openssl.split(' '), ca],
      ['gnutls-cli', '--x509cafile', ca, '-p', `${port}`, '127.0.0.1'],
      [process.execPath, '-e', NODE, `${port}`, ca],
    ];
    const refused: string[] = [];
    for (const [program, ...args] of commands) {
      const { status } = await run(program, args, { env: { SSL_CERT_DIR: trust.concat('none') } });
      if (status !== 0) refused.push(program === process.execPath ? 'node' : program);
    }
    server.closeAllConnections();
    server.close();
    return refused;
  }

  const ALL = ['skopeo', 'curl', 'openssl', 'gnutls-cli', 'node'];

  it('go on, whichever CA they trust, and need the new one at the end', async () => {
    const directory = await makeDirectory(await folder());
    const { old, new: next, both } = await trusts(directory);
    expect(await refusing(directory, old)).toEqual([]);
    expect(await refusing(directory, both)).toEqual([]);
    await switchRollover({ directory, now });
    expect(await refusing(directory, old)).toEqual([]);
    expect(await refusing(directory, next)).toEqual([]);
    expect(await refusing(directory, both)).toEqual([]);
    await retireRollover({ directory });
    expect(await refusing(directory, old)).toEqual(ALL);
    expect(await refusing(directory, next)).toEqual([]);
    expect(await refusing(directory, both)).toEqual([]);
  });

  it('find both lists of revoked certificates', async () => {
    const directory = await makeDirectory(await folder(), { now });
    for (const host of ['db.lan', 'mail.lan']) await issueCertificate({ directory, hosts: [host], now });
    const target = join(directory, 'issued', 'db.lan.crt');
    await revokeCertificate({ directory, now, target, reason: 'superseded' });
    const files = await trusts(directory);
    await switchRollover({ directory, now });
    const { serial } = await issueCertificate({ directory, hosts: ['new.lan'], now });
    await revokeCertificate({ directory, now, target: serial, reason: 'superseded' });
    const verdictOf = async (name: string): Promise<string> => {
      const line = `verify -crl_check -CAfile ${files.both} -CRLfile ca.crl issued/${name}.crt`;
      const { output } = await run('openssl', line.split(' '), { cwd: directory });
      return /certificate revoked/.test(output) ? 'revoked' : output.trim();
    };
    expect(await verdictOf('db.lan')).toBe('revoked');
    expect(await verdictOf('new.lan')).toBe('revoked');
    expect(await verdictOf('mail.lan')).toMatch(/: OK$/);
    expect((await loadServerCertificate({ directory }, now)).warnings).toEqual([]);
  });

  it('go on with a CA that openssl made, as the book does', async () => {
    const directory = await followTheBook(await folder());
    const { old, new: next } = await trusts(directory);
    await switchRollover({ directory, now: new Date() });
    expect(await refusing(directory, next)).toEqual([]);
    // The book's CA lacks what -x509_strict asks for.
    expect((await refusing(directory, old)).filter((client) => client !== 'openssl')).toEqual([]);
    expect(await readCertificate(directory, 'ca-previous.crt')).toBeDefined();
  });
});
