import { copyFile, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isSignedBy, namesOf } from '../../../src/pki/x509/certificate-file.ts';
import { needsRenewal, renewCertificate, renewIfDue } from '../../../src/pki/authority/renewal.ts';
import { loadServerCertificate } from '../../../src/pki/authority/server-certificate.ts';
import { describeWith } from '../../support/requires.ts';
import {
  HOSTS,
  followTheBook,
  later,
  makeDirectory,
  openssl,
  readCertificate,
  temporaryFolders,
} from '../support.ts';

const folder = temporaryFolders();
const now = new Date();

describe('needsRenewal', () => {
  it.each([
    { days: 0, due: false },
    { days: 59.9, due: false },
    { days: 60, due: true },
    { days: 89, due: true },
    { days: 91, due: true },
  ])('after $days of 90 days: $due', async ({ days, due }) => {
    const directory = await makeDirectory(await folder(), { now, days: 90 });
    expect(needsRenewal(await readCertificate(directory, 'domain.crt'), later(now, days))).toBe(due);
  });
});

describe('renewIfDue', () => {
  it('leaves a good certificate alone', async () => {
    const directory = await makeDirectory(await folder(), { now });
    const before = await readFile(join(directory, 'domain.crt'), 'utf8');
    expect(await renewIfDue({ directory, now: later(now, 59) })).toBe('current');
    expect(await readFile(join(directory, 'domain.crt'), 'utf8')).toBe(before);
  });

  it.each([
    { keyKind: 'ecdsa', days: 61 },
    { keyKind: 'rsa', days: 61 },
    { keyKind: 'ecdsa', days: 300 },
  ] as const)(
    'renews $keyKind after $days days: same names and type, new key, 90 days, same CA',
    async ({ keyKind, days }) => {
      const directory = await makeDirectory(await folder(), { now, keyKind });
      const authority = await readFile(join(directory, 'ca.crt'), 'utf8');
      const old = await loadServerCertificate({ directory }, now);
      const then = later(now, days);
      expect(await renewIfDue({ directory, now: then })).toBe('renewed');
      const renewed = await loadServerCertificate({ directory }, then);
      expect(renewed).toMatchObject({ names: HOSTS, keyType: old.keyType, authority });
      expect(renewed.key.reveal()).not.toBe(old.key.reveal());
      expect(renewed.notAfter.getTime() - then.getTime()).toBeGreaterThan(89 * 86_400_000);
      expect(await renewIfDue({ directory, now: then })).toBe('current');
    },
  );

  it('does nothing without the key of the CA', async () => {
    const directory = await makeDirectory(await folder(), { now });
    await rm(join(directory, 'ca.key'));
    expect(await renewIfDue({ directory, now: later(now, 80) })).toBe('no-authority');
  });

  it('does nothing to a certificate of another CA', async () => {
    const directory = await makeDirectory(await folder(), { now });
    const other = await makeDirectory(await folder(), { now });
    for (const file of ['domain.crt', 'domain.key']) await copyFile(join(other, file), join(directory, file));
    expect(await renewIfDue({ directory, now: later(now, 80) })).toBe('foreign');
    expect(await readFile(join(directory, 'domain.crt'))).toEqual(await readFile(join(other, 'domain.crt')));
  });

  it('makes one certificate, however many ask at once', async () => {
    const directory = await makeDirectory(await folder(), { now });
    const then = later(now, 80);
    const outcomes = await Promise.all(
      Array.from({ length: 5 }, async () => renewIfDue({ directory, now: then })),
    );
    expect(outcomes.toSorted()).toEqual(['current', 'current', 'current', 'current', 'renewed']);
    expect((await loadServerCertificate({ directory }, then)).names).toEqual(HOSTS);
  });

  it('never outlives the CA, and says so once that has ended', async () => {
    const directory = await makeDirectory(await folder(), { now, authorityDays: 100 });
    expect(await renewIfDue({ directory, now: later(now, 80) })).toBe('renewed');
    const [leaf, authority] = [
      await readCertificate(directory, 'domain.crt'),
      await readCertificate(directory, 'ca.crt'),
    ];
    expect(leaf.validToDate).toEqual(authority.validToDate);
    const renewing = renewIfDue({ directory, now: later(now, 101) });
    await expect(renewing).rejects.toMatchObject({
      code: 'CERT_INVALID',
      message: expect.stringContaining('the CA, expired'),
    });
  });
});

describe('renewCertificate', () => {
  it.each([
    { name: 'nothing asked', options: {}, outcome: 'current' },
    { name: 'force', options: { force: true }, outcome: 'renewed' },
    { name: 'a name that is there', options: { hosts: ['Registry.lan'] }, outcome: 'current' },
    { name: 'a new name', options: { hosts: ['new.lan,10.0.0.9'] }, outcome: 'renewed' },
  ])('$name: $outcome', async ({ options, outcome }) => {
    const directory = await makeDirectory(await folder(), { now });
    const authority = await readFile(join(directory, 'ca.crt'), 'utf8');
    expect(await renewCertificate({ directory, now, ...options })).toBe(outcome);
    expect(await readFile(join(directory, 'ca.crt'), 'utf8')).toBe(authority);
    const names = namesOf(await readCertificate(directory, 'domain.crt')).map(({ value }) => value);
    expect(names).toEqual(
      options.hosts?.[0]?.startsWith('new') === true ? [...HOSTS, 'new.lan', '10.0.0.9'] : HOSTS,
    );
  });

  it.each(['gone', 'of another pair'])('repairs a key that is %s', async (what) => {
    const directory = await makeDirectory(await folder(), { now });
    if (what === 'gone') await rm(join(directory, 'domain.key'));
    else await copyFile(join(directory, 'ca.key'), join(directory, 'domain.key'));
    expect(await renewCertificate({ directory, now })).toBe('renewed');
    expect((await loadServerCertificate({ directory }, now)).names).toEqual(HOSTS);
  });

  it.each([
    { name: 'no directory', prepare: (it: string) => rm(it, { recursive: true }), code: 'CERT_MISSING' },
    { name: 'no CA key', prepare: (it: string) => rm(join(it, 'ca.key')), code: 'CERT_INVALID' },
    { name: 'no certificate', prepare: (it: string) => rm(join(it, 'domain.crt')), code: 'CERT_MISSING' },
  ])('explains $name', async ({ prepare, code }) => {
    const directory = await makeDirectory(await folder(), { now });
    await prepare(directory);
    const hint = expect.stringContaining('');
    await expect(renewCertificate({ directory, now })).rejects.toMatchObject({ code, hint });
  });

  it('refuses names outside a constrained CA, and keeps what there is', async () => {
    const directory = await makeDirectory(await folder(), {
      hosts: ['registry.lan', '10.0.0.5'],
      constrain: true,
    });
    const before = await readFile(join(directory, 'domain.crt'), 'utf8');
    const renewing = renewCertificate({
      directory,
      now,
      hosts: ['a.registry.lan', '10.9.9.9', 'b.example', '11.0.0.1'],
    });
    await expect(renewing).rejects.toMatchObject({
      code: 'HOST_INVALID',
      message: expect.stringContaining('b.example, 11.0.0.1:'),
    });
    expect(await readFile(join(directory, 'domain.crt'), 'utf8')).toBe(before);
    expect(await renewCertificate({ directory, now, hosts: ['a.registry.lan', '10.9.9.9'] })).toBe('renewed');
  });
});

describeWith(['openssl'], 'renewal of what openssl made', () => {
  it('renews the certificate of the book with the CA of the book', async () => {
    const directory = await followTheBook(await folder());
    expect(await renewIfDue({ directory, now })).toBe('current');
    expect(await renewCertificate({ directory, now: new Date(), hosts: ['registry.lan'] })).toBe('renewed');
    const leaf = await readCertificate(directory, 'domain.crt');
    expect(isSignedBy(leaf, await readCertificate(directory, 'ca.crt'))).toBe(true);
    expect(await loadServerCertificate({ directory }, new Date())).toMatchObject({
      names: ['127.0.0.1', 'registry.lan'],
      keyType: 'RSA-2048',
    });
    const verify = 'verify -purpose sslserver -verify_ip 127.0.0.1 -CAfile ca.crt domain.crt';
    expect(await openssl(directory, verify)).toBe('domain.crt: OK');
  });

  it.each([
    { name: 'RSA of 1024 bits', make: 'genrsa -out domain.key 1024', keyType: 'RSA-2048' },
    { name: 'RSA of 3072 bits', make: 'genrsa -out domain.key 3072', keyType: 'RSA-3072' },
    { name: 'P-384', make: 'ecparam -name secp384r1 -genkey -noout -out domain.key', keyType: 'ECDSA P-384' },
    {
      name: 'a curve of Bitcoin',
      make: 'ecparam -name secp256k1 -genkey -noout -out domain.key',
      keyType: 'ECDSA P-256',
    },
    { name: 'Ed25519', make: 'genpkey -algorithm ed25519 -out domain.key', keyType: 'ECDSA P-256' },
  ])('replaces a key of $name by $keyType', async ({ make, keyType }) => {
    const directory = await makeDirectory(await folder(), { now });
    await openssl(directory, make);
    await writeFile(join(directory, 'names'), 'subjectAltName=DNS:registry.lan\n');
    await openssl(directory, 'req -new -key domain.key -subj /CN=x -out csr');
    await openssl(
      directory,
      'x509 -req -in csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 9 -extfile names -out domain.crt',
    );
    expect(await renewCertificate({ directory, now: new Date(), force: true })).toBe('renewed');
    expect(await loadServerCertificate({ directory }, new Date())).toMatchObject({
      keyType,
      names: ['registry.lan'],
    });
  });

  it('asks for a name where the old certificate has none', async () => {
    const directory = await followTheBook(await folder());
    await openssl(
      directory,
      'x509 -req -in domain.csr -CA ca.crt -CAkey ca.key -CAcreateserial -out domain.crt -days 100',
    );
    await expect(renewCertificate({ directory, now: new Date(), force: true })).rejects.toMatchObject({
      code: 'HOST_INVALID',
    });
    expect(await renewCertificate({ directory, now: new Date(), hosts: ['registry.lan'] })).toBe('renewed');
  });
});
