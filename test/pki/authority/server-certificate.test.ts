import { chmod, copyFile, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { authorityFingerprint } from '../../../src/pki/x509/certificate-file.ts';
import type { ServerCertificateOptions } from '../../../src/pki/authority/server-certificate.ts';
import { loadServerCertificate } from '../../../src/pki/authority/server-certificate.ts';
import { keyToPem } from '../../../src/pki/x509/key-pair.ts';
import { endingWarnings } from '../../../src/lib/ending.ts';
import { readAuthorityOf } from '../../../src/pki/trust/authority-source.ts';
import { describeWith } from '../../support/requires.ts';
import { CLIENT_CASES } from '../client-cases.ts';
import { AUTHORITY, SERVER, craft, keys } from '../craft.ts';
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

function refusal(code: string, message: RegExp, hint: RegExp): unknown {
  return expect.objectContaining({
    code,
    message: expect.stringMatching(message),
    hint: expect.stringMatching(hint),
  });
}

async function concatenate(directory: string, target: string, ...sources: readonly string[]): Promise<void> {
  const parts = await Promise.all(sources.map((source) => readFile(join(directory, source), 'utf8')));
  await writeFile(join(directory, target), parts.join(''));
}

describe('loadServerCertificate', () => {
  it.each([
    { keyKind: 'ecdsa', keyType: 'ECDSA P-256' },
    { keyKind: 'rsa', keyType: 'RSA-2048' },
  ] as const)('tells what a $keyKind directory of our own holds', async ({ keyKind, keyType }) => {
    const directory = await makeDirectory(await folder(), { keyKind, now });
    const leaf = await readCertificate(directory, 'domain.crt');
    const loaded = await loadServerCertificate({ directory }, now);
    expect(loaded).toMatchObject({
      cert: await readFile(join(directory, 'domain.crt'), 'utf8'),
      names: HOSTS,
      keyType,
      notBefore: leaf.validFromDate,
      notAfter: leaf.validToDate,
      fingerprint: leaf.fingerprint256,
      authority: await readFile(join(directory, 'ca.crt'), 'utf8'),
      warnings: [],
    });
    expect(loaded.key.reveal()).toBe(await readFile(join(directory, 'domain.key'), 'utf8'));
    expect(JSON.stringify(loaded)).not.toContain('PRIVATE');
  });

  const FAULTS: readonly {
    readonly name: string;
    readonly spoil: (directory: string) => Promise<unknown>;
    readonly at?: Date;
    readonly code: string;
    readonly says: RegExp;
    readonly hint: RegExp;
  }[] = [
    {
      name: 'a missing certificate',
      spoil: (it) => rm(join(it, 'domain.crt')),
      code: 'CERT_MISSING',
      says: /domain\.crt, the certificate of the server, does not exist/,
      hint: /registry-gate certs init --force --host/,
    },
    {
      name: 'a missing key',
      spoil: (it) => rm(join(it, 'domain.key')),
      code: 'CERT_MISSING',
      says: /domain\.key, the private key of the server, does not exist/,
      hint: /registry-gate certs renew --force/,
    },
    {
      name: 'a folder in place of the key',
      spoil: async (it) => {
        await rm(join(it, 'domain.key'));
        await makeDirectory(join(it, 'domain.key'));
      },
      code: 'CERT_INVALID',
      says: /domain\.key can't be read \(EISDIR\)/,
      hint: /ls -ld/,
    },
    {
      name: 'the key of another certificate',
      spoil: (it) => copyFile(join(it, 'ca.key'), join(it, 'domain.key')),
      code: 'CERT_INVALID',
      says: /domain\.key does not belong to/,
      hint: /certs renew --force/,
    },
    {
      name: 'rubbish for a key',
      spoil: (it) =>
        writeFile(
          join(it, 'domain.key'),
          '-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n',
        ),
      code: 'CERT_INVALID',
      says: /^(?!.*c2VjcmV0).*domain\.key holds no private key/,
      hint: /PEM/,
    },
    {
      name: 'an empty certificate',
      spoil: (it) => writeFile(join(it, 'domain.crt'), ''),
      code: 'CERT_INVALID',
      says: /domain\.crt holds no certificate/,
      hint: /PEM/,
    },
    {
      name: 'a broken certificate',
      spoil: (it) =>
        writeFile(join(it, 'domain.crt'), '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n'),
      code: 'CERT_INVALID',
      says: /domain\.crt holds a certificate that can't be read/,
      hint: /openssl x509/,
    },
    {
      name: 'an expired certificate',
      spoil: async () => undefined,
      at: later(now, 91),
      code: 'CERT_INVALID',
      says: /domain\.crt expired on/,
      hint: /certs renew/,
    },
    {
      name: 'a certificate of the future',
      spoil: async () => undefined,
      at: later(now, -1),
      code: 'CERT_INVALID',
      says: /ca\.crt is valid from .* only, and the clock says/,
      hint: /timedatectl/,
    },
    {
      name: 'a CA of the same name with another key',
      spoil: async (it) =>
        copyFile(join(await makeDirectory(join(it, 'other'), { now }), 'ca.crt'), join(it, 'ca.crt')),
      code: 'CERT_INVALID',
      says: /signed by another CA that has the name/,
      hint: /Restore the right ca\.crt/,
    },
    {
      name: 'a CA of another name',
      spoil: async (it) =>
        copyFile(
          join(await makeDirectory(join(it, 'other'), { hosts: ['other.lan'] }), 'ca.crt'),
          join(it, 'ca.crt'),
        ),
      code: 'CERT_INVALID',
      says: /does not chain to .*ca\.crt: its last certificate was signed by "O=registry-gate, CN=/,
      hint: /intermediate/,
    },
  ];

  it.each(FAULTS)('refuses $name', async ({ spoil, at = now, code, says, hint }) => {
    const directory = await makeDirectory(await folder(), { now });
    await spoil(directory);
    await expect(loadServerCertificate({ directory }, at)).rejects.toEqual(refusal(code, says, hint));
  });

  it('does without ca.crt and without any CA key', async () => {
    const directory = await makeDirectory(await folder());
    await rm(join(directory, 'ca.key'));
    await rm(join(directory, 'ca.crt'));
    const loaded = await loadServerCertificate({ directory }, now);
    expect(loaded).toMatchObject({ authority: undefined, refusals: [{ isMissing: true }] });
    expect(loaded.warnings).toEqual([
      expect.stringMatching(/domain\.crt leads to ".*registry-gate CA[^]*ca\.crt/),
    ]);
  });

  const ORDERS = [
    { name: 'a CA before the leaf', files: ['ca.crt', 'domain.crt'], sent: 2, says: /not in the order leaf/ },
    {
      name: 'a leaf twice',
      files: ['domain.crt', 'domain.crt'],
      sent: 1,
      says: /one certificate is in it twice/,
    },
    {
      name: 'a certificate of another CA',
      files: ['domain.crt', 'stranger.crt', 'ca.crt'],
      sent: 2,
      says: /one certificate is not part of the server's chain/,
    },
    { name: 'a root at its end', files: ['domain.crt', 'ca.crt'], sent: 2, says: /^$/ },
  ] as const;

  it.each(ORDERS)('serves a chain with $name, in order', async ({ files, sent, says }) => {
    const directory = await makeDirectory(await folder(), { now });
    const leaf = await readFile(join(directory, 'domain.crt'), 'utf8');
    const other = await makeDirectory(await folder(), { now, hosts: ['other.lan'] });
    await copyFile(join(other, 'ca.crt'), join(directory, 'stranger.crt'));
    await concatenate(directory, 'domain.crt', ...files);
    const { cert, names, warnings } = await loadServerCertificate({ directory }, now);
    expect(names).toEqual(HOSTS);
    expect(cert.startsWith(leaf)).toBe(true);
    expect(cert.match(/BEGIN/g)).toHaveLength(sent);
    expect(warnings.join('\n')).toMatch(says);
  });

  it('serves the certificate that holds of two with one key', async () => {
    const authority = craft({ name: 'root', extensions: AUTHORITY });
    const key = keys.ec();
    const old = craft({ name: 'old', issuer: authority, extensions: SERVER, key, from: -90, until: -1 });
    const next = craft({ name: 'next', issuer: authority, extensions: SERVER, key });
    const directory = await folder();
    await writeFile(join(directory, 'ca.crt'), authority.pem);
    await writeFile(join(directory, 'domain.crt'), old.pem + next.pem);
    await writeFile(join(directory, 'domain.key'), keyToPem(key), { mode: 0o600 });
    expect((await loadServerCertificate({ directory }, now)).cert).toBe(next.pem);
  });

  it('says which clients refuse it, and the cure', async () => {
    const directory = await folder();
    const { authority, chain, key } =
      CLIENT_CASES.find(({ name }) => name === 'a leaf for clients alone')?.make() ?? {};
    await writeFile(join(directory, 'ca.crt'), authority ?? '');
    await writeFile(join(directory, 'domain.crt'), chain ?? '');
    await writeFile(join(directory, 'domain.key'), key === undefined ? '' : keyToPem(key), { mode: 0o600 });
    const { warnings } = await loadServerCertificate({ directory }, now);
    expect(warnings).toEqual([
      expect.stringMatching(
        /domain\.crt is not for servers .*: every client refuses it\. Have its CA issue one for servers/,
      ),
    ]);
  });

  it('takes a comment for a comment, whatever it says', async () => {
    const directory = await makeDirectory(await folder());
    const key = await readFile(join(directory, 'domain.key'), 'utf8');
    const comment = 'This key is not ENCRYPTED.\nProc-Type: 4,ENCRYPTED is what an old one would say.\n';
    await writeFile(join(directory, 'domain.key'), comment + key);
    await writeFile(
      join(directory, 'ca.crt'),
      `no PRIVATE KEY here\n${await readFile(join(directory, 'ca.crt'), 'utf8')}`,
    );
    expect((await loadServerCertificate({ directory }, now)).warnings).toEqual([]);
    expect(await readAuthorityOf(directory)).toContain('BEGIN CERTIFICATE');
  });

  it('hands out certificates alone, even where ca.crt holds the key too', async () => {
    const directory = await makeDirectory(await folder());
    await concatenate(directory, 'ca.crt', 'ca.key', 'ca.crt');
    const { authority } = await loadServerCertificate({ directory }, now);
    expect(authority).toMatch(/^-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n$/);
  });

  it('takes a pair from elsewhere, and then only the CA that it comes from', async () => {
    const directory = await makeDirectory(await folder());
    const other = await makeDirectory(await folder(), { hosts: ['other.lan'] });
    const elsewhere = { certificate: join(other, 'domain.crt'), key: join(other, 'domain.key') };
    const load = (options: ServerCertificateOptions): Promise<{ readonly authority: string | undefined }> =>
      loadServerCertificate(options, now);
    expect(await load({ directory, ...elsewhere })).toMatchObject({
      names: ['other.lan'],
      authority: undefined,
    });
    expect((await load({ directory: other, ...elsewhere })).authority).toContain('BEGIN CERTIFICATE');
  });

  it('names the end of all that is served', async () => {
    const directory = await makeDirectory(await folder(), { now });
    const { endings } = await loadServerCertificate({ directory }, now);
    const [leaf, authority] = [
      await readCertificate(directory, 'domain.crt'),
      await readCertificate(directory, 'ca.crt'),
    ];
    expect(endings).toMatchObject([
      { kind: 'certificate', name: join(directory, 'domain.crt'), notAfter: leaf.validToDate },
      { kind: 'CA', name: join(directory, 'ca.crt'), notAfter: authority.validToDate },
    ]);
    // It is renewed when a third of its life is left: until then its end is nothing to speak of.
    expect(endingWarnings(endings, later(now, 59))).toEqual([]);
    expect(endingWarnings(endings, later(now, 60.5))).toEqual([
      expect.stringMatching(/domain\.crt ends in 29 days/),
    ]);
  });

  it.each([
    { file: 'domain.key', mode: 0o644, warned: true },
    { file: 'domain.key', mode: 0o640, warned: true },
    { file: 'domain.key', mode: 0o400, warned: false },
    { file: 'ca.key', mode: 0o604, warned: true },
  ])('$file with mode $mode: warned $warned', async ({ file, mode, warned }) => {
    const directory = await makeDirectory(await folder());
    await chmod(join(directory, file), mode);
    const { warnings } = await loadServerCertificate({ directory }, now);
    const expected = expect.stringMatching(new RegExp(`${file} can be read by others.*chmod 600`));
    expect(warnings).toEqual(warned ? [expected] : []);
  });
});

describe('authorityFingerprint', () => {
  it('is the SHA-256 of the DER in lower case', async () => {
    const directory = await makeDirectory(await folder());
    const pem = await readFile(join(directory, 'ca.crt'), 'utf8');
    const { fingerprint256 } = await readCertificate(directory, 'ca.crt');
    expect(authorityFingerprint(pem)).toBe(fingerprint256.replaceAll(':', '').toLowerCase());
  });
});

describeWith(['openssl'], 'loadServerCertificate on what openssl makes', () => {
  it('serves the directory of the book as it is', async () => {
    const directory = await followTheBook(await folder());
    const loaded = await loadServerCertificate({ directory }, new Date());
    expect(loaded).toMatchObject({ names: ['127.0.0.1'], keyType: 'RSA-2048', warnings: [] });
    expect(loaded.authority).toContain('BEGIN CERTIFICATE');
  });

  it.each([
    { name: 'PKCS#1', line: 'rsa -in domain.key -traditional -out domain.key', rsa: true },
    { name: 'PKCS#8', line: 'pkcs8 -topk8 -nocrypt -in domain.key -out new.key', rsa: true },
    { name: 'SEC 1', line: 'ec -in domain.key -out new.key', rsa: false },
  ])('reads a key in $name', async ({ line, rsa }) => {
    const directory = await makeDirectory(await folder(), { keyKind: rsa ? 'rsa' : 'ecdsa' });
    await openssl(directory, line);
    await copyFile(join(directory, 'new.key'), join(directory, 'domain.key')).catch(() => undefined);
    expect((await loadServerCertificate({ directory }, now)).key.reveal()).toContain('BEGIN PRIVATE KEY');
  });

  it('reads an EC key that follows its parameters', async () => {
    const directory = await makeDirectory(await folder());
    await openssl(directory, 'ecparam -name prime256v1 -out params.pem');
    await openssl(directory, 'ec -in domain.key -out ec.key');
    await concatenate(directory, 'domain.key', 'params.pem', 'ec.key');
    expect((await loadServerCertificate({ directory }, now)).keyType).toBe('ECDSA P-256');
  });

  it('reads a leaf and its intermediate, and refuses them where the intermediate is missing', async () => {
    const directory = await folder();
    const extensions = 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n';
    await writeFile(join(directory, 'ca.ext'), extensions);
    await writeFile(join(directory, 'leaf.ext'), 'subjectAltName=DNS:registry.lan\n');
    await openssl(
      directory,
      'req -x509 -newkey rsa:2048 -nodes -keyout root.key -out ca.crt -days 30 -subj /CN=root',
    );
    await openssl(directory, 'req -newkey rsa:2048 -nodes -keyout mid.key -out mid.csr -subj /CN=mid');
    await openssl(
      directory,
      'x509 -req -in mid.csr -CA ca.crt -CAkey root.key -CAcreateserial -days 29 -extfile ca.ext -out mid.crt',
    );
    await openssl(directory, 'req -newkey rsa:2048 -nodes -keyout domain.key -out leaf.csr -subj /CN=leaf');
    await openssl(
      directory,
      'x509 -req -in leaf.csr -CA mid.crt -CAkey mid.key -CAcreateserial -days 28 -extfile leaf.ext -out leaf.crt',
    );
    await concatenate(directory, 'domain.crt', 'leaf.crt', 'mid.crt');
    await chmod(join(directory, 'domain.key'), 0o600);
    const loaded = await loadServerCertificate({ directory }, new Date());
    expect(loaded.cert.match(/BEGIN/g)).toHaveLength(2);
    expect(loaded).toMatchObject({ names: ['registry.lan'], authority: expect.stringContaining('BEGIN') });

    await copyFile(join(directory, 'leaf.crt'), join(directory, 'domain.crt'));
    await expect(loadServerCertificate({ directory }, new Date())).rejects.toEqual(
      refusal('CERT_INVALID', /does not chain to .*"CN=mid"/, /intermediate/),
    );
    await rm(join(directory, 'ca.crt'));
    expect((await loadServerCertificate({ directory }, new Date())).authority).toBeUndefined();
  });

  it('refuses a key with a passphrase, and says how to take it off', async () => {
    const directory = await makeDirectory(await folder());
    await openssl(directory, 'pkcs8 -topk8 -in domain.key -passout pass:hello -out new.key');
    await copyFile(join(directory, 'new.key'), join(directory, 'domain.key'));
    await expect(loadServerCertificate({ directory }, now)).rejects.toEqual(
      refusal('CERT_INVALID', /passphrase/, /openssl pkey/),
    );
  });

  it('refuses a key with a passphrase in the old form', async () => {
    const directory = await makeDirectory(await folder(), { keyKind: 'rsa' });
    await openssl(directory, 'rsa -in domain.key -traditional -aes128 -passout pass:hello -out new.key');
    await copyFile(join(directory, 'new.key'), join(directory, 'domain.key'));
    await expect(loadServerCertificate({ directory }, now)).rejects.toEqual(
      refusal('CERT_INVALID', /passphrase/, /openssl pkey/),
    );
  });

  it('refuses an RSA key that clients refuse', async () => {
    const directory = await folder();
    await openssl(
      directory,
      'req -x509 -newkey rsa:1024 -nodes -keyout domain.key -out domain.crt -subj /CN=x -days 90',
    );
    await expect(loadServerCertificate({ directory }, new Date())).rejects.toEqual(
      refusal(
        'CERT_INVALID',
        /1024 bits/,
        /mv \S*domain\.key \S*domain\.crt \S*old && registry-gate certs init/,
      ),
    );
  });

  it('warns of SHA-1, of no name, and of an Edwards-curve key', async () => {
    const directory = await folder();
    await openssl(
      directory,
      'req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.crt -subj /CN=ca -days 90',
    );
    await openssl(
      directory,
      'req -newkey rsa:2048 -nodes -keyout domain.key -out domain.csr -subj /CN=registry.lan',
    );
    await openssl(
      directory,
      'x509 -req -sha1 -in domain.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 90 -out domain.crt',
    );
    const loaded = loadServerCertificate({ directory }, new Date());
    const outcome = await loaded.then(
      ({ warnings }) => warnings.join('\n'),
      (error: unknown) => String(error),
    );
    expect(outcome).toMatch(/SHA-1|ca md too weak|too weak/);

    await rm(join(directory, 'ca.crt'));
    await openssl(
      directory,
      'req -x509 -newkey ed25519 -nodes -keyout domain.key -out domain.crt -subj /CN=x -days 90',
    );
    const { warnings } = await loadServerCertificate({ directory }, new Date());
    expect(warnings.join('\n')).toMatch(/names no host[^]*Edwards/);
  });
});
