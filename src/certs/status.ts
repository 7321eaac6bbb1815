import type { X509Certificate } from 'node:crypto';
import { AppError } from '../lib/errors.ts';
import { certificatePaths, readIfPresent, readPair } from './cert-store.ts';
import { fingerprintOf, isSignedBy, namesOf, parseCertificates } from './certificate-file.ts';
import { describeKey, parsePrivateKey } from './key-pair.ts';
import { describeConstraints } from './name-constraints.ts';
import { needsRenewal } from './renewal.ts';
import { DAY } from './validity.ts';

/** `due`: less than a third of a leaf's life is left, or less than a year of a CA's. */
export type CertificateState = 'fine' | 'due' | 'expired';

/** One certificate, for people and for programs. */
export interface CertificateStatus {
  readonly file: string;
  readonly state: CertificateState;
  readonly subject: string;
  readonly issuer: string;
  readonly names: readonly string[];
  readonly keyType: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** Whole days; negative once it has expired. */
  readonly daysLeft: number;
  /** SHA-256: `AA:BB:...`. */
  readonly fingerprint: string;
  /** What a CA may sign, where it is constrained. */
  readonly constraints?: string;
}

/** Both certificates of a directory. */
export interface DirectoryStatus {
  /** The worse of the two. */
  readonly state: CertificateState;
  readonly certificate: CertificateStatus;
  readonly authority: CertificateStatus | undefined;
  /** Whether the certificate was signed by this CA. */
  readonly isOwn: boolean;
}

const AUTHORITY_DUE = 365 * DAY;
const SEVERITY: readonly CertificateState[] = ['fine', 'due', 'expired'];

/** Reads the state of a certs directory. Throws AppError CERT_MISSING or CERT_INVALID where it can't be told. */
export async function readStatus(directory: string, now: Date): Promise<DirectoryStatus> {
  const paths = certificatePaths(directory);
  const leaf = await readLeaf(directory, now);
  const pem = await readIfPresent(paths.authorityCertificate);
  const root = pem === undefined ? undefined : parseCertificates(pem, paths.authorityCertificate)[0];
  const certificate = describe(leaf, paths.certificate, stateOf(leaf, needsRenewal(leaf, now), now), now);
  const authority = root === undefined ? undefined : describeAuthority(root, paths.authorityCertificate, now);
  const worst = Math.max(SEVERITY.indexOf(certificate.state), SEVERITY.indexOf(authority?.state ?? 'fine'));
  return {
    state: SEVERITY[worst] ?? 'expired',
    certificate,
    authority,
    isOwn: root !== undefined && isSignedBy(leaf, root),
  };
}

/** Whoever may not read the key (a monitor, say) still learns about the certificate. */
async function readLeaf(directory: string, now: Date): Promise<X509Certificate> {
  const paths = certificatePaths(directory);
  const pair = await readPair(directory, 'domain').catch(() => undefined);
  const pem = pair?.certificate ?? (await readIfPresent(paths.certificate));
  if (pem === undefined) throw missing(paths.certificate);
  const [leaf] = parseCertificates(pem, paths.certificate);
  if (pair?.key !== undefined && !leaf.checkPrivateKey(parsePrivateKey(pair.key, paths.key))) {
    throw mismatch(paths.key, paths.certificate);
  }
  if (leaf.validFromDate > now) throw early(paths.certificate, leaf.validFromDate);
  return leaf;
}

function describeAuthority(root: X509Certificate, file: string, now: Date): CertificateStatus {
  const isDue = root.validToDate.getTime() - now.getTime() < AUTHORITY_DUE;
  const constraints = describeConstraints(root);
  const status = describe(root, file, stateOf(root, isDue, now), now);
  return constraints === undefined ? status : { ...status, constraints };
}

function describe(
  certificate: X509Certificate,
  file: string,
  state: CertificateState,
  now: Date,
): CertificateStatus {
  return {
    file,
    state,
    subject: oneLine(certificate.subject),
    issuer: oneLine(certificate.issuer),
    names: namesOf(certificate).map(({ value }) => value),
    keyType: describeKey(certificate.publicKey),
    notBefore: certificate.validFromDate,
    notAfter: certificate.validToDate,
    daysLeft: Math.floor((certificate.validToDate.getTime() - now.getTime()) / DAY),
    fingerprint: fingerprintOf(certificate),
  };
}

function stateOf(certificate: X509Certificate, isDue: boolean, now: Date): CertificateState {
  if (certificate.validToDate < now) return 'expired';
  return isDue ? 'due' : 'fine';
}

/** Node.js gives one attribute a line. */
function oneLine(name: string | undefined): string {
  return (name ?? '').split('\n').join(', ');
}

function missing(path: string): AppError {
  return new AppError('CERT_MISSING', {
    message: `${path} does not exist.`,
    hint: 'Make it: registry-gate certs init --host NAME-OR-ADDRESS (or name the directory that has it: --certs DIR)',
  });
}

function mismatch(key: string, certificate: string): AppError {
  return new AppError('CERT_INVALID', {
    message: `${key} does not belong to ${certificate}: the server can't start with them.`,
    hint: 'Bring back the two that belong together, or make a new pair: registry-gate certs renew --force',
  });
}

function early(certificate: string, from: Date): AppError {
  return new AppError('CERT_INVALID', {
    message: `${certificate} is valid from ${from.toISOString()} only.`,
    hint: 'Check the clock of this machine (timedatectl); if it is right: registry-gate certs renew --force',
  });
}
