import type { KeyObject, X509Certificate } from 'node:crypto';
import { AppError } from '../lib/errors.ts';
import { certificatePaths, readPair } from './cert-store.ts';
import type { Pair } from './cert-store.ts';
import { parseCertificates } from './certificate-file.ts';
import { parsePrivateKey } from './key-pair.ts';

/** A CA that can sign: its certificate and the key that belongs to it. */
export interface Authority {
  readonly certificate: X509Certificate;
  readonly key: KeyObject;
}

/**
 * Reads `ca.key` and `ca.crt`; undefined where there is neither. Throws AppError CERT_INVALID where only one of them is
 * there, where they do not belong together, or where the certificate is not that of a CA.
 */
export async function readAuthority(directory: string): Promise<Authority | undefined> {
  const paths = certificatePaths(directory);
  const pair = await readPair(directory, 'ca');
  if (pair.key === undefined && pair.certificate === undefined) return undefined;
  if (pair.key === undefined) throw lone(paths.authorityCertificate, paths.authorityKey);
  if (pair.certificate === undefined) throw lone(paths.authorityKey, paths.authorityCertificate);
  return parseAuthority({ key: pair.key, certificate: pair.certificate }, directory);
}

/** The CA that this pair is. Throws AppError CERT_INVALID, in words that speak of the directory's files. */
export function parseAuthority(pair: Pair, directory: string): Authority {
  const paths = certificatePaths(directory);
  const [certificate] = parseCertificates(pair.certificate, paths.authorityCertificate);
  const key = parsePrivateKey(pair.key, paths.authorityKey);
  const fault = faultOf(certificate, key);
  if (fault === undefined) return { certificate, key };
  throw new AppError('CERT_INVALID', {
    message: `${paths.authorityCertificate} and ${paths.authorityKey} can't sign certificates: ${fault}.`,
    hint: 'Bring back the two files that belong together, or make a new CA in an empty directory (--certs DIR); every client then has to trust the new one.',
  });
}

function faultOf(certificate: X509Certificate, key: KeyObject): string | undefined {
  if (!certificate.checkPrivateKey(key)) return 'the key does not belong to the certificate';
  if (!certificate.ca) return 'the certificate is not that of a CA (no basicConstraints CA:TRUE)';
  const isSupported = key.asymmetricKeyType === 'rsa' || key.asymmetricKeyType === 'ec';
  return isSupported ? undefined : `the key is ${key.asymmetricKeyType}, and clients expect RSA or ECDSA`;
}

function lone(present: string, absent: string): AppError {
  return new AppError('CERT_INVALID', {
    message: `${present} is there, ${absent} is not: without both nothing can be signed, and a CA is never replaced.`,
    hint: `Bring ${absent} back, or use another directory (--certs DIR); every client then has to trust the new CA.`,
  });
}
