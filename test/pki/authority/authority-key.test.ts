import { createPrivateKey } from 'node:crypto';
import { copyFile, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readAuthority } from '../../../src/pki/authority/authority.ts';
import { initCertificates } from '../../../src/pki/authority/init-certificates.ts';
import { renewCertificate, renewIfDue } from '../../../src/pki/authority/renewal.ts';
import { loadServerCertificate } from '../../../src/pki/authority/server-certificate.ts';
import { readStatus } from '../../../src/pki/authority/status.ts';
import { endingWarnings } from '../../../src/lib/ending.ts';
import { run } from '../../support/programs.ts';
import { describeWith } from '../../support/requires.ts';
import { HOSTS, later, makeDirectory, openssl, readCertificate, temporaryFolders } from '../support.ts';

const folder = temporaryFolders();
const now = new Date();
const SECRET = 'correct horse, battery staple';

async function passphrase(text = `${SECRET}\nand a second line\n`): Promise<string> {
  const file = join(await folder(), 'passphrase');
  await writeFile(file, text, { mode: 0o600 });
  return file;
}

describe('a CA whose key has a passphrase', () => {
  it('signs for whoever has the passphrase, and for nobody else', async () => {
    const passphraseFile = await passphrase();
    const directory = await makeDirectory(await folder(), { now, passphraseFile });
    const key = await readFile(join(directory, 'ca.key'), 'utf8');
    expect(key).toMatch(/^-----BEGIN ENCRYPTED PRIVATE KEY-----\n/);
    expect((await stat(join(directory, 'ca.key'))).mode & 0o777).toBe(0o600);
    await expect(readAuthority(directory)).rejects.toMatchObject({
      code: 'CERT_INVALID',
      message: expect.stringMatching(/ca\.key, the private key of the CA, is protected by a passphrase/),
      hint: expect.stringContaining('--ca-passphrase-file'),
    });
    expect(await renewCertificate({ directory, now, force: true, passphraseFile })).toBe('renewed');
    expect(await renewIfDue({ directory, now: later(now, 80), passphraseFile })).toBe('renewed');
    expect(await readFile(join(directory, 'ca.key'), 'utf8')).toBe(key);
  });

  it.each([
    { name: 'a wrong passphrase', text: 'wrong\n', says: /does not open .*ca\.key/ },
    { name: 'an empty file', text: '', says: /holds no passphrase/ },
    { name: 'an empty first line', text: '\nsecret\n', says: /holds no passphrase/ },
  ])('$name: an error without the passphrase in it', async ({ text, says }) => {
    const directory = await makeDirectory(await folder(), { now, passphraseFile: await passphrase() });
    const passphraseFile = await passphrase(text);
    const renewing = renewCertificate({ directory, now, force: true, passphraseFile });
    await expect(renewing).rejects.toMatchObject({
      code: 'CERT_INVALID',
      message: expect.stringMatching(says),
    });
    await expect(renewing).rejects.not.toMatchObject({ message: expect.stringContaining('wrong') });
  });

  it('writes nothing where the passphrase is missing', async () => {
    const directory = await folder();
    const passphraseFile = join(directory, 'none');
    await expect(makeDirectory(directory, { passphraseFile })).rejects.toMatchObject({
      code: 'CERT_INVALID',
    });
    expect(await readdir(directory)).toEqual([]);
  });

  it('is renewed by a gate that has the passphrase, and announced by one that does not', async () => {
    const passphraseFile = await passphrase();
    const directory = await makeDirectory(await folder(), { now, passphraseFile });
    const soon = later(now, 61);
    const known = await loadServerCertificate({ directory, passphraseFile }, soon);
    expect(known.endings.map(({ cure }) => cure)).toEqual([undefined, undefined]);
    const unknown = await loadServerCertificate({ directory }, soon);
    expect(endingWarnings(unknown.endings, soon)).toEqual([
      expect.stringMatching(/ends in 28 days.* registry-gate certs renew --ca-passphrase-file FILE$/),
    ]);
    expect((await readStatus({ directory }, soon)).context.canRenew).toBe(false);
    expect((await readStatus({ directory, passphraseFile }, soon)).context.canRenew).toBe(true);
  });

  describeWith(['openssl'], 'and openssl', () => {
    it('opens the key, which 600 000 rounds protect', async () => {
      const passphraseFile = await passphrase();
      const directory = await makeDirectory(await folder(), { now, passphraseFile });
      const line = `pkey -in ca.key -passin file:${passphraseFile} -pubout`;
      const authority = await readCertificate(directory, 'ca.crt');
      expect(`${await openssl(directory, line)}\n`).toBe(
        authority.publicKey.export({ type: 'spki', format: 'pem' }),
      );
      expect(await openssl(directory, 'asn1parse -in ca.key')).toMatch(
        /PBES2[^]*PBKDF2[^]*:0927C0\n[^]*hmacWithSHA256[^]*aes-256-cbc/,
      );
      const { status } = await run('openssl', [
        'pkey',
        '-in',
        join(directory, 'ca.key'),
        '-passin',
        'pass:x',
      ]);
      expect(status).not.toBe(0);
    });

    it.each(['-scrypt', '-v2 aes-256-cbc -iter 20000'])('makes one with %s that we open', async (options) => {
      const passphraseFile = await passphrase();
      const directory = await makeDirectory(await folder(), { now });
      await openssl(
        directory,
        `pkcs8 -topk8 ${options} -in ca.key -out e.key -passout file:${passphraseFile}`,
      );
      await rename(join(directory, 'e.key'), join(directory, 'ca.key'));
      expect(await renewCertificate({ directory, now, force: true, passphraseFile })).toBe('renewed');
    });
  });
});

describe('a CA whose key is kept elsewhere', () => {
  async function offline(): Promise<{ readonly directory: string; readonly keyFile: string }> {
    const [directory, keyFile] = [await folder(), join(await folder(), 'offline.key')];
    const keepKey = (pem: string): Promise<void> => writeFile(keyFile, pem, { mode: 0o600 });
    await initCertificates({ directory, hosts: HOSTS, now, keepKey });
    return { directory, keyFile };
  }

  it('leaves no key in the certs directory, and the certificate lasts 397 days', async () => {
    const { directory, keyFile } = await offline();
    expect((await readdir(directory)).toSorted()).toEqual(['ca.crt', 'domain.crt', 'domain.key']);
    const authority = await readCertificate(directory, 'ca.crt');
    expect(authority.checkPrivateKey(createPrivateKey(await readFile(keyFile)))).toBe(true);
    const { warnings, endings, notAfter } = await loadServerCertificate({ directory }, now);
    expect(warnings).toEqual([]);
    expect(Math.round((notAfter.getTime() - now.getTime()) / 86_400_000)).toBe(397);
    expect(endingWarnings(endings, later(now, 366))).toEqual([]);
    expect(endingWarnings(endings, later(now, 370))).toEqual([
      expect.stringMatching(/ends in 26 days.* registry-gate certs renew --ca-key FILE$/),
    ]);
  });

  it('signs with the key that is named', async () => {
    const { directory, keyFile } = await offline();
    const then = later(now, 380);
    expect(await renewIfDue({ directory, now: then })).toBe('no-authority');
    await expect(renewCertificate({ directory, now: then })).rejects.toMatchObject({
      code: 'CERT_INVALID',
      hint: expect.stringMatching(/^If the key is kept elsewhere, name it: --ca-key FILE\./),
    });
    expect(await renewCertificate({ directory, now: then, keyFile })).toBe('renewed');
    const { notAfter } = await loadServerCertificate({ directory }, then);
    expect(Math.round((notAfter.getTime() - then.getTime()) / 86_400_000)).toBe(397);
    const init = { directory, hosts: [...HOSTS, 'more.lan'], now: then, keyFile };
    expect(await initCertificates(init)).toMatchObject({ authority: 'kept', certificate: 'made' });
    expect(await readdir(directory)).not.toContain('ca.key');
  });

  it('may have a passphrase too', async () => {
    const passphraseFile = await passphrase();
    const [directory, keyFile] = [await folder(), join(await folder(), 'offline.key')];
    const keepKey = (pem: string): Promise<void> => writeFile(keyFile, pem, { mode: 0o600 });
    await initCertificates({ directory, hosts: HOSTS, now, keepKey, passphraseFile });
    expect(await readFile(keyFile, 'utf8')).toContain('ENCRYPTED');
    await expect(renewCertificate({ directory, now, force: true, keyFile })).rejects.toMatchObject({
      message: expect.stringContaining(`${keyFile}, the private key of the CA, is protected`),
    });
    expect(await renewCertificate({ directory, now, force: true, keyFile, passphraseFile })).toBe('renewed');
  });

  it.each([
    {
      name: 'a key that does not exist',
      spoil: (file: string) => rm(file),
      code: 'CERT_MISSING',
      says: /offline\.key, .* does not exist/,
    },
    {
      name: 'the key of another CA',
      spoil: async (file: string) => copyFile(join(await makeDirectory(await folder()), 'ca.key'), file),
      code: 'CERT_INVALID',
      says: /can't sign certificates: the key does not belong/,
    },
    {
      name: 'rubbish',
      spoil: (file: string) => writeFile(file, 'x'),
      code: 'CERT_INVALID',
      says: /holds no private key/,
    },
  ])('refuses $name', async ({ spoil, code, says }) => {
    const { directory, keyFile } = await offline();
    await spoil(keyFile);
    await expect(renewCertificate({ directory, now, force: true, keyFile })).rejects.toMatchObject({
      code,
      message: expect.stringMatching(says),
    });
  });

  it('is not made where there is a CA, nor where its key can not be kept', async () => {
    const there = await makeDirectory(await folder(), { now });
    const keepKey = (): Promise<void> => Promise.reject(new Error('the disk is full'));
    await expect(initCertificates({ directory: there, hosts: HOSTS, now, keepKey })).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringContaining('has a CA already'),
    });
    const empty = await folder();
    const init = initCertificates({ directory: empty, hosts: HOSTS, now, keepKey });
    await expect(init).rejects.toThrow('the disk is full');
    expect(await readdir(empty)).toEqual([]);
  });
});
