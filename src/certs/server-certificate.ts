import type { KeyObject, X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { AppError } from '../lib/errors.ts';
import { Secret } from '../lib/secret.ts';
import { certificatePaths, readIfPresent, readPair } from './cert-store.ts';
import type { CertificatePaths, Pair } from './cert-store.ts';
import { fingerprintOf, isSame, isSignedBy, namesOf, parseCertificates } from './certificate-file.ts';
import { certificateWarnings, permissionWarnings } from './certificate-warnings.ts';
import { SMALLEST_RSA, describeKey, keyToPem, parsePrivateKey } from './key-pair.ts';

export interface ServerCertificateOptions {
  /** The certs directory: `domain.crt`, `domain.key`, `ca.crt`. */
  readonly directory: string;
  /** A certificate from elsewhere (leaf first, then its chain), instead of `domain.crt`. */
  readonly certificate?: string;
  /** The key from elsewhere, instead of `domain.key`. */
  readonly key?: string;
}

/** What a TLS server needs, checked: key and certificate belong together, are in date, and lead up to the CA that clients trust. */
export interface ServerCertificate {
  /** PEM: the leaf, then its chain. */
  readonly cert: string;
  /** PEM, PKCS#8. */
  readonly key: Secret<string>;
  /** DNS names and addresses of the subjectAltName. */
  readonly names: readonly string[];
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** SHA-256 of the leaf: `AA:BB:...`. */
  readonly fingerprint: string;
  /** `ECDSA P-256`, `RSA-2048`. */
  readonly keyType: string;
  /** PEM of `ca.crt`, certificates alone; undefined where there is none or where the certificate does not come from it. */
  readonly authority: string | undefined;
  /** What works today and should be looked at, one sentence each. */
  readonly warnings: readonly string[];
}

interface Material {
  readonly chain: readonly [X509Certificate, ...X509Certificate[]];
  readonly key: KeyObject;
  readonly paths: CertificatePaths;
}

/**
 * Reads the server's certificate and key for `serve`. Reads only, so that a directory mounted read-only will do.
 * Throws AppError CERT_MISSING where a file is absent, CERT_INVALID for everything that clients would stumble over.
 */
export async function loadServerCertificate(
  options: ServerCertificateOptions,
  now: Date,
): Promise<ServerCertificate> {
  const defaults = certificatePaths(options.directory);
  const paths = {
    ...defaults,
    certificate: options.certificate ?? defaults.certificate,
    key: options.key ?? defaults.key,
  };
  const pair = await readServerPair(options, paths);
  const chain = parseCertificates(pair.certificate, paths.certificate);
  const material = { chain, key: parsePrivateKey(pair.key, paths.key), paths };
  checkMaterial(material, now);
  const authority = await readTrusted(material, options.certificate !== undefined, now);
  const [leaf] = chain;
  return {
    cert: chain.map(String).join(''),
    key: new Secret(keyToPem(material.key)),
    names: namesOf(leaf).map(({ value }) => value),
    notBefore: leaf.validFromDate,
    notAfter: leaf.validToDate,
    fingerprint: fingerprintOf(leaf),
    keyType: describeKey(leaf.publicKey),
    authority,
    warnings: [...certificateWarnings(chain, now, paths.certificate), ...(await permissionWarnings(paths))],
  };
}

async function readServerPair(options: ServerCertificateOptions, paths: CertificatePaths): Promise<Pair> {
  const isDefault = options.certificate === undefined && options.key === undefined;
  const { key, certificate } = isDefault
    ? await readPair(options.directory, 'domain')
    : { key: await readIfPresent(paths.key), certificate: await readIfPresent(paths.certificate) };
  if (certificate === undefined) throw missing(paths.certificate, 'the certificate of the server');
  if (key === undefined) throw missing(paths.key, 'the private key of the server');
  return { key, certificate };
}

function checkMaterial({ chain, key, paths }: Material, now: Date): void {
  const [leaf] = chain;
  checkKey(chain, key, paths);
  checkOrder(chain, paths.certificate);
  checkDates(leaf, paths.certificate, now);
  try {
    createSecureContext({ cert: chain.map(String).join(''), key: keyToPem(key) });
  } catch (error) {
    throw invalid(
      `${paths.certificate} and ${paths.key} are refused by the TLS library: ${error instanceof Error ? error.message : String(error)}.`,
      'Make a new certificate: registry-gate certs init --host NAME',
    );
  }
}

function checkKey(chain: Material['chain'], key: KeyObject, paths: CertificatePaths): void {
  const place = chain.findIndex((certificate) => certificate.checkPrivateKey(key));
  if (place === -1) {
    throw invalid(
      `${paths.key} does not belong to ${paths.certificate}: the key and the certificate are of two different pairs.`,
      'Bring back the two that belong together, or make a new pair: registry-gate certs renew --force',
    );
  }
  if (place > 0) {
    throw invalid(
      `${paths.certificate} is in the wrong order: the server's own certificate is number ${place + 1} in it and has to come first.`,
      'Write the leaf, then what signed it, then what signed that: cat leaf.crt intermediate.crt > domain.crt',
    );
  }
  const bits = key.asymmetricKeyDetails?.modulusLength ?? SMALLEST_RSA;
  if (bits < SMALLEST_RSA) {
    throw invalid(
      `${paths.key} is an RSA key of ${bits} bits; clients refuse fewer than ${SMALLEST_RSA}.`,
      'Make a new key and certificate: registry-gate certs renew --force',
    );
  }
}

function checkOrder(chain: Material['chain'], path: string): void {
  for (const [index, certificate] of chain.slice(0, -1).entries()) {
    const next = chain[index + 1];
    if (next === undefined || isSignedBy(certificate, next)) continue;
    throw invalid(
      `${path} is not a chain: its certificate number ${index + 1} is not signed by number ${index + 2}.`,
      'Write the leaf, then what signed it, then what signed that, and nothing else.',
    );
  }
}

function checkDates(certificate: X509Certificate, path: string, now: Date): void {
  if (certificate.validToDate < now) {
    throw invalid(
      `${path} expired on ${certificate.validToDate.toISOString()}.`,
      'Make a new one: registry-gate certs renew (name the directory with --certs DIR), or put a new one from its CA in place.',
    );
  }
  if (certificate.validFromDate > now) {
    throw invalid(
      `${path} is valid from ${certificate.validFromDate.toISOString()} only, and the clock says ${now.toISOString()}.`,
      'Check the clock of this machine (timedatectl); if it is right, make a new certificate: registry-gate certs renew --force',
    );
  }
}

/** The CA certificate of the directory where the chain leads up to it. A certificate from elsewhere has its own CA. */
async function readTrusted(
  material: Material,
  isFromElsewhere: boolean,
  now: Date,
): Promise<string | undefined> {
  const path = material.paths.authorityCertificate;
  const pem = await readIfPresent(path);
  if (pem === undefined) return undefined;
  const authorities = parseCertificates(pem, path);
  const last = material.chain.at(-1) ?? material.chain[0];
  const signer = authorities.find((authority) => isSame(last, authority) || isSignedBy(last, authority));
  if (signer === undefined && isFromElsewhere) return undefined;
  if (signer === undefined) throw unconnected(last, authorities[0], material.paths);
  checkDates(signer, path, now);
  return authorities.map(String).join('');
}

function unconnected(last: X509Certificate, authority: X509Certificate, paths: CertificatePaths): AppError {
  const hasSameName = last.issuer === authority.subject;
  return invalid(
    hasSameName
      ? `${paths.certificate} was signed by another CA that has the name of ${paths.authorityCertificate}, but not its key.`
      : `${paths.certificate} does not lead up to ${paths.authorityCertificate}: its last certificate was signed by "${oneLine(last.issuer)}".`,
    hasSameName
      ? 'Bring back the right ca.crt, or make a new certificate: registry-gate certs init --force --host NAME'
      : 'Append the missing intermediate to domain.crt; where the certificate comes from a public CA, remove ca.crt.',
  );
}

function missing(path: string, what: string): AppError {
  return new AppError('CERT_MISSING', {
    message: `${path}, ${what}, does not exist.`,
    hint: 'Make it: registry-gate certs init --host NAME-OR-ADDRESS (or name the directory that has it: --certs DIR)',
  });
}

function invalid(message: string, hint: string): AppError {
  return new AppError('CERT_INVALID', { message, hint });
}

function oneLine(name: string): string {
  return name.split('\n').join(', ');
}
