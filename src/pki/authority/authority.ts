import type { KeyObject, X509Certificate } from 'node:crypto';
import { AppError } from '../../lib/errors.ts';
import { certificatePaths, readPair, presentOf, readIfPresent } from './cert-store.ts';
import type { Pair } from './cert-store.ts';
import { checkAuthorityDates } from '../x509/certificate-faults.ts';
import { parseCertificates, namesOf } from '../x509/certificate-file.ts';
import { parsePrivateKey } from '../x509/key-pair.ts';
import type { CureContext } from '../x509/refusal.ts';
import { newAuthorityCure } from '../x509/refusal.ts';

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
  const { authorityKey, authorityCertificate } = certificatePaths(directory);
  const { key, certificate } = await readPair(directory, 'ca');
  if (key === undefined && certificate === undefined) return undefined;
  if (key === undefined) throw await lone(authorityCertificate, authorityKey, directory);
  if (certificate === undefined) throw await lone(authorityKey, authorityCertificate, directory);
  const authority = parseAuthority({ key, certificate }, directory);
  const fault = faultOf(authority);
  if (fault === undefined) return authority;
  throw new AppError('CERT_INVALID', {
    message: `${authorityCertificate} and ${authorityKey} can't sign certificates: ${fault}.`,
    hint: `Bring back the two files that belong together, or replace the CA. ${await newAuthorityIn(directory)}`,
  });
}

/**
 * As readAuthority, for one that is in date: nothing that another one signs is trusted. Throws AppError CERT_INVALID
 * for one that has expired or is not valid yet too.
 */
export async function readSigner(directory: string, now: Date): Promise<Authority | undefined> {
  const authority = await readAuthority(directory);
  if (authority !== undefined) {
    checkAuthorityDates(authority.certificate, await directoryContext(directory), now);
  }
  return authority;
}

/** The CA that this pair is, unjudged. Throws AppError CERT_INVALID where the files hold no key or no certificate. */
export function parseAuthority(pair: Pair, directory: string): Authority {
  const paths = certificatePaths(directory);
  const [certificate] = parseCertificates(pair.certificate, paths.authorityCertificate);
  return { certificate, key: parsePrivateKey(pair.key, paths.authorityKey) };
}

function faultOf({ certificate, key }: Authority): string | undefined {
  if (!certificate.checkPrivateKey(key)) return 'the key does not belong to the certificate';
  if (!certificate.ca) return 'the certificate is not that of a CA (no basicConstraints CA:TRUE)';
  const isSupported = key.asymmetricKeyType === 'rsa' || key.asymmetricKeyType === 'ec';
  return isSupported ? undefined : `the key is ${key.asymmetricKeyType}, and clients expect RSA or ECDSA`;
}

async function lone(present: string, absent: string, directory: string): Promise<AppError> {
  return new AppError('CERT_INVALID', {
    message: `${present} is there, ${absent} is not: without both nothing can be signed, and a CA is never replaced.`,
    hint: `Bring ${absent} back, or replace the CA. ${await newAuthorityIn(directory)}`,
  });
}

/** What the cure for a CA has to know of a certs directory. */
export async function directoryContext(directory: string): Promise<Omit<CureContext, 'canRenew'>> {
  const paths = certificatePaths(directory);
  const [present, names] = await Promise.all([presentOf(paths), namesIn(paths.certificate)]);
  return { paths, present, names, isDefault: true };
}

/** How to make a new CA in this directory, for the names of its certificate. */
async function newAuthorityIn(directory: string): Promise<string> {
  return newAuthorityCure(await directoryContext(directory));
}

/** None where there is no certificate that can be read: then a person has to say them. */
async function namesIn(path: string): Promise<readonly string[]> {
  try {
    const pem = await readIfPresent(path);
    return pem === undefined ? [] : namesOf(parseCertificates(pem, path)[0]).map(({ value }) => value);
  } catch {
    return [];
  }
}
