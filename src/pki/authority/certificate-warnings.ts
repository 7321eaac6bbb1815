import type { X509Certificate } from 'node:crypto';
import { stat } from 'node:fs/promises';
import type { CertificatePaths } from '../x509/certificate-paths.ts';

const READABLE_BY_OTHERS = 0o044;

/** What is no fault of the chain and keeps some clients away all the same; one sentence each. */
export function certificateWarnings(leaf: X509Certificate, path: string): string[] {
  const warnings: string[] = [];
  if (leaf.subjectAltName === undefined) {
    warnings.push(
      `${path} names no host (no subjectAltName): docker, podman and others refuse it. Make one with names: registry-gate certs renew --host NAME-OR-ADDRESS`,
    );
  }
  if (leaf.publicKey.asymmetricKeyType?.startsWith('ed') === true) {
    warnings.push(`${path} has an Edwards-curve key, which browsers refuse; use ECDSA P-256.`);
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
