import { readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { issueCertificate, renewIssued } from '../../../src/pki/authority/issued.ts';
import { recordPath } from '../../../src/pki/authority/record.ts';
import { readStatus } from '../../../src/pki/authority/status.ts';
import { namesOf } from '../../../src/pki/x509/certificate-file.ts';
import { describeWith } from '../../support/requires.ts';
import { later, makeDirectory, openssl, readCertificate, temporaryFolders } from '../support.ts';

const folder = temporaryFolders();
const now = new Date();

describe('issueCertificate', () => {
  it('makes a key for its owner alone and a certificate of the CA, and lists them', async () => {
    const directory = await makeDirectory(await folder(), { now });
    const issued = await issueCertificate({ directory, hosts: ['DB.lan', '10.0.0.9'], now });
    expect(issued).toMatchObject({ name: 'db.lan', hosts: ['db.lan', '10.0.0.9'] });
    expect(issued.directory).toBe(join(directory, 'issued'));
    const leaf = await readCertificate(issued.directory, 'db.lan.crt');
    expect(namesOf(leaf).map(({ value }) => value)).toEqual(['db.lan', '10.0.0.9']);
    expect(leaf.verify((await readCertificate(directory, 'ca.crt')).publicKey)).toBe(true);
    expect((await stat(join(issued.directory, 'db.lan.key'))).mode & 0o777).toBe(0o600);
    const { issued: listed, state } = await readStatus({ directory }, now);
    expect(listed).toEqual([{ ...issued, state: 'fine', daysLeft: 396 }]);
    expect(state).toBe('fine');
    expect((await readdir(directory)).toSorted()).toEqual([
      'ca.crt',
      'ca.key',
      'domain.crt',
      'domain.key',
      'issued',
      'issued.json',
    ]);
  });

  it.each([
    { days: 360, state: 'fine' },
    { days: 370, state: 'due' },
    { days: 400, state: 'expired' },
  ])('is $state after $days days', async ({ days, state }) => {
    const directory = await makeDirectory(await folder(), { now });
    await issueCertificate({ directory, hosts: ['db.lan'], now });
    const { issued } = await readStatus({ directory }, later(now, days));
    expect(issued).toMatchObject([{ name: 'db.lan', state }]);
  });

  it('is renewed in its place, with the same names', async () => {
    const directory = await makeDirectory(await folder(), { now });
    const out = await folder();
    const first = await issueCertificate({ directory, hosts: ['db.lan', '*.db.lan'], out, name: 'db', now });
    const key = await readFile(join(out, 'db.key'), 'utf8');
    await rm(join(out, 'db.crt'));
    const next = await renewIssued({ directory, now: later(now, 300) }, 'db');
    expect(next).toMatchObject({ name: 'db', directory: out, hosts: first.hosts });
    expect(next.serial).not.toBe(first.serial);
    expect((await readCertificate(out, 'db.crt')).serialNumber).toBe(next.serial);
    expect(await readFile(join(out, 'db.key'), 'utf8')).not.toBe(key);
    expect((await readStatus({ directory }, now)).issued).toHaveLength(1);
  });

  it('never overwrites, unless forced', async () => {
    const directory = await makeDirectory(await folder(), { now });
    const out = await folder();
    await writeFile(join(out, 'db.lan.crt'), 'mine');
    const asked = { directory, hosts: ['db.lan'], out, now };
    await expect(issueCertificate(asked)).rejects.toMatchObject({
      code: 'USAGE',
      hint: expect.stringContaining('--force'),
    });
    expect(await readFile(join(out, 'db.lan.crt'), 'utf8')).toBe('mine');
    await issueCertificate({ ...asked, force: true });
    await expect(issueCertificate({ ...asked, out: await folder() })).rejects.toMatchObject({
      message: `There is a certificate db.lan already, in ${out}. Nothing was changed.`,
      hint: expect.stringContaining('registry-gate certs renew --issued db.lan'),
    });
  });

  it.each([
    { name: 'a name outside of the CA', options: { hosts: ['nas'] }, code: 'HOST_INVALID' },
    { name: 'no host', options: { hosts: [''] }, code: 'HOST_INVALID' },
    { name: 'a path for a name', options: { hosts: ['db.lan'], name: '../db' }, code: 'USAGE' },
    { name: 'too many days', options: { hosts: ['db.lan'], days: 398 }, code: 'USAGE' },
  ])('writes nothing for $name', async ({ options, code }) => {
    const directory = await makeDirectory(await folder(), { now });
    const before = await readdir(directory);
    await expect(issueCertificate({ directory, now, ...options })).rejects.toMatchObject({ code });
    expect(await readdir(directory)).toEqual(before);
  });

  it('writes nothing among the certificates of the gate, nor where there is no CA', async () => {
    const directory = await makeDirectory(await folder(), { now });
    const own = issueCertificate({
      directory,
      hosts: ['db.lan'],
      out: directory,
      name: 'ca',
      force: true,
      now,
    });
    await expect(own).rejects.toMatchObject({ code: 'USAGE' });
    const empty = await folder();
    await expect(issueCertificate({ directory: empty, hosts: ['db.lan'], now })).rejects.toMatchObject({
      code: 'CERT_MISSING',
    });
    expect(await readdir(empty)).toEqual([]);
  });

  it.each(['{', '[]', '{"issued":[{}],"revoked":[]}', '{"issued":[],"revoked":[{"serial":"x"}]}'])(
    'refuses a record that is damaged: %s',
    async (text) => {
      const directory = await makeDirectory(await folder(), { now });
      await writeFile(recordPath(directory), text);
      await expect(issueCertificate({ directory, hosts: ['db.lan'], now })).rejects.toMatchObject({
        code: 'STATE_INVALID',
        hint: expect.stringContaining(`mv ${recordPath(directory)} `),
      });
    },
  );

  describeWith(['openssl'], 'and openssl', () => {
    it('is accepted for its names', async () => {
      const directory = await makeDirectory(await folder(), { now });
      await issueCertificate({ directory, hosts: ['db.lan'], keyKind: 'rsa', now });
      const verify = 'verify -x509_strict -purpose sslserver -verify_hostname db.lan -CAfile ca.crt';
      expect(await openssl(directory, `${verify} issued/db.lan.crt`)).toMatch(/: OK/);
    });
  });
});
