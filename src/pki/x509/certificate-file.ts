import { X509Certificate, createHash, type KeyObject } from 'node:crypto';
import { AppError } from '../../lib/errors.ts';
import { canonicalIp } from './ip-address.ts';
import type { SubjectName } from './subject-names.ts';

const BLOCK =
  /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----[^-]+-----END (?:TRUSTED |X509 )?CERTIFICATE-----/g;

/** Parses the certificates of a PEM file, in order, and skips everything else. Throws AppError CERT_INVALID. */
export function parseCertificates(
  pem: string,
  path: string,
): readonly [X509Certificate, ...X509Certificate[]] {
  const [first, ...rest] = pem.match(BLOCK) ?? [];
  if (first === undefined) {
    throw new AppError('CERT_INVALID', {
      message: `${path} holds no certificate.`,
      hint: 'A PEM file begins with -----BEGIN CERTIFICATE-----. To convert DER: openssl x509 -inform der -in FILE',
    });
  }
  return [parseBlock(first, path), ...rest.map((block) => parseBlock(block, path))];
}

/** SHA-256 of the certificate, as browsers and openssl print it: `AA:BB:...`. */
export function fingerprintOf(certificate: X509Certificate): string {
  return certificate.fingerprint256;
}

/** SHA-256 of the DER of the first certificate in a PEM text: 64 hexadecimal digits in lower case. */
export function authorityFingerprint(pem: string): string {
  return authorityFingerprints(pem)[0];
}

/** SHA-256 of the DER of each certificate in a PEM text: 64 hexadecimal digits in lower case, as `/ca.sha256` returns them. */
export function authorityFingerprints(pem: string): readonly [string, ...string[]] {
  const [first, ...rest] = parseCertificates(pem, 'the CA certificate');
  return [digestOf(first), ...rest.map(digestOf)];
}

function digestOf({ raw }: X509Certificate): string {
  return createHash('sha256').update(raw).digest('hex');
}

/** The names a certificate is for: DNS and IP entries of its subjectAltName, canonical. */
export function namesOf(certificate: X509Certificate): SubjectName[] {
  const entries = (certificate.subjectAltName ?? '').matchAll(/(?:^|, )(DNS|IP Address):([^,"]+)(?=,|$)/g);
  return [...entries].flatMap(([, type, value = '']): SubjectName[] => {
    if (type === 'DNS') return [{ kind: 'dns', value: value.toLowerCase() }];
    const ip = canonicalIp(value);
    return ip === undefined ? [] : [{ kind: 'ip', value: ip }];
  });
}

/** Whether `issuer` signed `certificate`: names, key identifiers and the signature itself. */
export function isSignedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && verifies(certificate, issuer.publicKey);
}

/** As isSignedBy, but whether the issuer may sign does not matter: only its name and its signature count. */
export function isMadeBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return certificate.issuer === issuer.subject && verifies(certificate, issuer.publicKey);
}

/** Whether both are the same certificate. */
export function isSame(one: X509Certificate, other: X509Certificate): boolean {
  return one.raw.equals(other.raw);
}

function verifies(certificate: X509Certificate, key: KeyObject): boolean {
  try {
    return certificate.verify(key);
  } catch {
    return false;
  }
}

function parseBlock(block: string, path: string): X509Certificate {
  try {
    return new X509Certificate(block);
  } catch (error) {
    throw new AppError('CERT_INVALID', {
      message: `${path} holds a certificate that can't be read.`,
      hint: `Look at it with: openssl x509 -in ${path} -noout -text`,
      cause: error,
    });
  }
}
