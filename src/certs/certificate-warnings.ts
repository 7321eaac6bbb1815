import type { X509Certificate } from 'node:crypto';
import { stat } from 'node:fs/promises';
import type { CertificatePaths } from './cert-store.ts';
import { certificateParts } from './der-reader.ts';
import { DAY } from './validity.ts';

/** Signature algorithms that clients refuse: MD5 and SHA-1 with RSA, SHA-1 with ECDSA (contents of the object identifiers). */
const WEAK_SIGNATURES = new Set(['2a864886f70d010104', '2a864886f70d010105', '2a8648ce3d0401']);
const SOON = 30;
const READABLE_BY_OTHERS = 0o044;

/** What clients may stumble over tomorrow, or stumble over today without harm to the server; one sentence each. */
export function certificateWarnings(
  chain: readonly [X509Certificate, ...X509Certificate[]],
  now: Date,
  path: string,
): string[] {
  const [leaf] = chain;
  const warnings: string[] = [];
  const days = Math.floor((leaf.validToDate.getTime() - now.getTime()) / DAY);
  if (days < SOON) warnings.push(`${path} expires in ${days} days, on ${leaf.validToDate.toISOString()}.`);
  if (leaf.subjectAltName === undefined) {
    warnings.push(`${path} names no host (no subjectAltName): docker and podman refuse it.`);
  }
  if (chain.some(hasWeakSignature)) warnings.push(`${path} is signed with SHA-1 or MD5: clients refuse it.`);
  if (chain.slice(1).some((certificate) => certificate.validToDate < now)) {
    warnings.push(`${path} holds an intermediate that has expired: clients may refuse it.`);
  }
  if (leaf.publicKey.asymmetricKeyType?.startsWith('ed') === true) {
    warnings.push(`${path} has an Edwards-curve key: many clients refuse it; use ECDSA P-256.`);
  }
  return warnings;
}

/** One sentence for each of the private keys that others than its owner can read. */
export async function permissionWarnings(paths: CertificatePaths): Promise<string[]> {
  const found = await Promise.all([paths.key, paths.authorityKey].map(permissionWarning));
  return found.flat();
}

async function permissionWarning(path: string): Promise<string[]> {
  const mode = await stat(path).then(
    (file) => file.mode & 0o777,
    () => 0,
  );
  if ((mode & READABLE_BY_OTHERS) === 0) return [];
  return [`${path} can be read by others (mode 0${mode.toString(8)}): chmod 600 ${path}`];
}

function hasWeakSignature(certificate: X509Certificate): boolean {
  const isSelfSigned = certificate.subject === certificate.issuer;
  return !isSelfSigned && WEAK_SIGNATURES.has(certificateParts(certificate).signatureAlgorithm);
}
