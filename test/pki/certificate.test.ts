import { describe, expect, it } from 'vitest';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeAuthority } from '../../src/pki/authority/issue.ts';
import { certificateParts } from '../../src/pki/x509/der-reader.ts';
import { namesOf, parseCertificates } from '../../src/pki/x509/certificate-file.ts';
import { serialNumber, validityFrom } from '../../src/pki/authority/validity.ts';
import { describeWith } from '../support/requires.ts';
import { HOSTS, makeDirectory, openssl, readCertificate, temporaryFolders } from './support.ts';

const folder = temporaryFolders();

describe.each(['ecdsa', 'rsa'] as const)('certificates with %s keys', (keyKind) => {
  it('say what a server certificate has to say', async () => {
    const now = new Date('2026-11-22T12:00:00.789Z');
    const directory = await makeDirectory(await folder(), { keyKind, now });
    const leaf = await readCertificate(directory, 'domain.crt');
    const authority = await readCertificate(directory, 'ca.crt');
    expect(leaf.ca).toBe(false);
    expect(leaf.checkIssued(authority)).toBe(true);
    expect(leaf.verify(authority.publicKey)).toBe(true);
    expect(leaf.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
    expect(namesOf(leaf).map(({ value }) => value)).toEqual(HOSTS);
    expect(leaf.subjectAltName).toContain('DNS:*.registry.lan, IP Address:127.0.0.1, IP Address:10.0.0.5');
    expect(leaf.validFromDate).toEqual(new Date('2026-11-22T11:00:00Z'));
    expect(leaf.validToDate).toEqual(new Date('2027-02-20T10:59:59Z'));
    expect(leaf.publicKey.asymmetricKeyType).toBe(keyKind === 'rsa' ? 'rsa' : 'ec');
  });

  it('say what a CA has to say', async () => {
    const now = new Date('2026-11-22T12:00:00Z');
    const directory = await makeDirectory(await folder(), { keyKind, now });
    const authority = await readCertificate(directory, 'ca.crt');
    expect(authority.ca).toBe(true);
    expect(authority.verify(authority.publicKey)).toBe(true);
    expect(authority.subject).toBe('O=registry-gate\nCN=registry-gate CA registry.lan 2026-11-22');
    expect(authority.issuer).toBe(authority.subject);
    expect(authority.validToDate).toEqual(new Date('2036-11-19T10:59:59Z'));
  });
});

describe('a CA', () => {
  const options = { host: 'r.lan', keyKind: 'ecdsa', constraints: undefined, now: new Date() } as const;

  it('may last beyond 2049, where the form of dates changes', async () => {
    const now = new Date('2026-11-22T12:00:00Z');
    const random = (size: number): Buffer => Buffer.alloc(size, 7);
    const { certificate } = await makeAuthority({ ...options, now, random, days: 36_500 });
    expect(parseCertificates(certificate, 'x')[0].validToDate).toEqual(new Date('2126-10-29T10:59:59Z'));
  });

  it('has a name of at most 64 characters, however long the host is', async () => {
    const random = (size: number): Buffer => Buffer.alloc(size, 7);
    const { certificate } = await makeAuthority({ ...options, host: 'h'.repeat(253), random, days: 1 });
    const commonName = /CN=(.*)/.exec(parseCertificates(certificate, 'x')[0].subject)?.[1];
    expect(commonName).toMatch(/^registry-gate CA h+ \d{4}-\d\d-\d\d$/);
    expect(commonName?.length).toBeLessThanOrEqual(64);
  });
});

describe('serialNumber', () => {
  it.each([0x00, 0x7f, 0x80, 0xff])('is positive, long and in its shortest form from bytes of %i', (byte) => {
    const serial = serialNumber((size) => Buffer.alloc(size, byte));
    expect(serial).toHaveLength(16);
    expect(serial.readUInt8(0)).toBeGreaterThan(0x3f);
    expect(serial.readUInt8(0)).toBeLessThan(0x80);
  });

  it('differs each time', () => {
    expect(new Set(Array.from({ length: 100 }, () => serialNumber().toString('hex'))).size).toBe(100);
  });
});

describe('validityFrom', () => {
  it('counts both ends, so that 397 days are 397 days', () => {
    const { notBefore, notAfter } = validityFrom(new Date('2026-01-01T00:00:00.999Z'), 397);
    expect((notAfter.getTime() - notBefore.getTime() + 1000) / 86_400_000).toBe(397);
  });
});

describeWith(['openssl'], 'certificates as openssl prints them', () => {
  it.each([
    {
      keyKind: 'ecdsa',
      usage: 'Digital Signature',
      algorithm: 'ecdsa-with-SHA256',
      key: 'NIST CURVE: P-256',
    },
    {
      keyKind: 'rsa',
      usage: 'Digital Signature, Key Encipherment',
      algorithm: 'sha256WithRSAEncryption',
      key: 'Public-Key: (2048 bit)',
    },
  ] as const)('$keyKind leaf', async ({ keyKind, usage, algorithm, key }) => {
    const directory = await makeDirectory(await folder(), { keyKind });
    const text = await openssl(directory, 'x509 -in domain.crt -noout -text');
    expect(text).toContain('Version: 3 (0x2)');
    expect(text).toContain(`Signature Algorithm: ${algorithm}`);
    expect(text).toContain(key);
    expect(text).toContain('Subject: O = registry-gate, CN = registry.lan');
    expect(text).toMatch(/Basic Constraints: critical\n\s+CA:FALSE\n/);
    expect(text).toMatch(new RegExp(`Key Usage: critical\\n\\s+${usage}\\n`));
    expect(text).toMatch(/Extended Key Usage: \n\s+TLS Web Server Authentication\n/);
    expect(text).toMatch(
      /Subject Alternative Name: \n\s+DNS:registry\.lan, DNS:\*\.registry\.lan, IP Address:127\.0\.0\.1, IP Address:10\.0\.0\.5, IP Address:0:0:0:0:0:0:0:1, DNS:localhost\n/,
    );
    expect(text).not.toContain('Negative');
    const authority = await openssl(directory, 'x509 -in ca.crt -noout -ext subjectKeyIdentifier');
    const identifier = /(?:[0-9A-F]{2}:){19}[0-9A-F]{2}/.exec(authority)?.[0] ?? 'none';
    expect(await openssl(directory, 'x509 -in domain.crt -noout -ext authorityKeyIdentifier')).toContain(
      identifier,
    );
  });

  it('CA', async () => {
    const directory = await makeDirectory(await folder());
    const text = await openssl(directory, 'x509 -in ca.crt -noout -text');
    expect(text).toMatch(/Basic Constraints: critical\n\s+CA:TRUE, pathlen:1\n/);
    expect(text).toMatch(/X509v3 Key Usage: critical\n\s+Certificate Sign, CRL Sign\n/);
    expect(text).toContain('Subject Key Identifier');
    expect(text).toMatch(/X509v3 Name Constraints: critical\n\s+Permitted:\n(?:\s+DNS:\S+\n)*\s+DNS:lan\n/);
  });

  it('leaf for addresses alone: no common name, since it would be taken for a DNS name', async () => {
    const directory = await makeDirectory(await folder(), { hosts: ['10.0.0.5'] });
    expect(await openssl(directory, 'x509 -in domain.crt -noout -subject')).toBe('subject=O = registry-gate');
  });

  it('are DER to the last byte: what we build is what openssl would write', async () => {
    const directory = await makeDirectory(await folder(), { constrain: true });
    for (const file of ['ca.crt', 'domain.crt']) {
      const again = await openssl(directory, `x509 -in ${file}`);
      expect(`${again}\n`).toBe(await readFile(join(directory, file), 'utf8'));
      expect(await openssl(directory, `asn1parse -in ${file}`)).not.toMatch(/error/i);
    }
  });

  it('take the issuer over byte for byte, from whatever CA', async () => {
    const directory = await folder();
    await openssl(directory, 'ecparam -name secp384r1 -genkey -noout -out ca.key');
    await openssl(
      directory,
      'req -x509 -new -utf8 -key ca.key -days 3650 -out ca.crt -subj /C=KR/O=도커/CN=ca/emailAddress=a@b.kr',
    );
    await makeDirectory(directory);
    const authority = await readCertificate(directory, 'ca.crt');
    const leaf = await readCertificate(directory, 'domain.crt');
    expect(leaf.verify(authority.publicKey)).toBe(true);
    expect(leaf.raw.includes(certificateParts(authority).subject)).toBe(true);
    expect(await openssl(directory, 'verify -CAfile ca.crt domain.crt')).toBe('domain.crt: OK');
  });
});
