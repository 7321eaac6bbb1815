import type { KeyObject, X509Certificate } from 'node:crypto';
import { AppError } from '../../lib/errors.ts';
import { openAuthorityKey, readKeyFile, type KeyAccess } from './authority-key.ts';
import { certificatePaths, readPair, presentOf, readIfPresent, type Pair } from './cert-store.ts';
import { checkAuthorityDates } from '../x509/certificate-faults.ts';
import { parseCertificates, namesOf } from '../x509/certificate-file.ts';
import { describeConstraints, namesOutside } from '../x509/name-constraints.ts';
import { hostFlags, newAuthorityCure, type CureContext } from '../x509/refusal.ts';
import { parseSubjectNames, type SubjectName } from '../x509/subject-names.ts';

/** A CA that can sign: its certificate and the key that belongs to it. */
export interface Authority {
  readonly certificate: X509Certificate;
  readonly key: KeyObject;
}

/**
 * Reads the CA of a certs directory and its key; undefined if it has neither. Throws AppError CERT_INVALID if one of them
 * is absent, if they do not match, if the certificate is not that of a CA, or if the key has another passphrase.
 */
export async function readAuthority(
  directory: string,
  access: KeyAccess = {},
): Promise<Authority | undefined> {
  const { authorityKey, authorityCertificate } = certificatePaths(directory);
  const { keyFile } = access;
  const pair = await readPair(directory, 'ca');
  const key = keyFile === undefined ? pair.key : await readKeyFile(keyFile);
  const { certificate } = pair;
  if (key === undefined && certificate === undefined) return undefined;
  if (key === undefined) throw await withoutKey(directory);
  if (certificate === undefined) throw await withoutCertificate(directory, keyFile ?? authorityKey);
  const authority = await parseAuthority({ key, certificate }, directory, access);
  const fault = faultOf(authority);
  if (fault === undefined) return authority;
  throw new AppError('CERT_INVALID', {
    message: `${authorityCertificate} and ${keyFile ?? authorityKey} can't sign certificates: ${fault}.`,
    hint: `Restore the two files that belong together, or replace the CA. ${await newAuthorityIn(directory)}`,
  });
}

/**
 * As readAuthority, and also throws AppError CERT_INVALID if the CA has expired or is not valid yet: clients refuse what
 * such a CA signs.
 */
export async function readSigner(
  directory: string,
  now: Date,
  access: KeyAccess = {},
): Promise<Authority | undefined> {
  const authority = await readAuthority(directory, access);
  if (authority !== undefined) {
    checkAuthorityDates(authority.certificate, await directoryContext(directory), now);
  }
  return authority;
}

/** Parses a CA without verifying it. Throws AppError CERT_INVALID if a file holds no key that opens, or no certificate. */
export async function parseAuthority(pair: Pair, directory: string, access: KeyAccess): Promise<Authority> {
  const paths = certificatePaths(directory);
  const [certificate] = parseCertificates(pair.certificate, paths.authorityCertificate);
  const keyPath = access.keyFile ?? paths.authorityKey;
  return { certificate, key: await openAuthorityKey(pair.key, keyPath, access) };
}

/**
 * Throws AppError HOST_INVALID if the CA must not sign one of these names. A CA can't be widened: the cure is a new one.
 */
export async function checkPermitted(
  { certificate }: Authority,
  names: readonly SubjectName[],
  directory: string,
): Promise<void> {
  const outside = namesOutside(certificate, names);
  if (outside.length === 0) return;
  const context = await directoryContext(directory);
  const wanted = [...new Set([...context.names, ...names.map(({ value }) => value)])];
  throw new AppError('HOST_INVALID', {
    message: `The CA in ${directory} must not sign ${outside.join(', ')}: it was made for ${describeConstraints(certificate) ?? 'other names'}.`,
    hint:
      `Leave those names out, or replace the CA. ${newAuthorityCure({ ...context, names: wanted })}\n` +
      `To replace it while clients go on: registry-gate certs rollover start ${hostFlags(outside)}`,
  });
}

/** Those of the names and addresses that the CA of this directory must not sign. Empty if there is no CA that can be read. */
export async function namesNotPermitted(
  directory: string,
  hosts: readonly string[],
): Promise<readonly string[]> {
  const path = certificatePaths(directory).authorityCertificate;
  const pem = await readIfPresent(path);
  if (pem === undefined || hosts.length === 0) return [];
  return namesOutside(parseCertificates(pem, path)[0], parseSubjectNames(hosts));
}

function faultOf({ certificate, key }: Authority): string | undefined {
  if (!certificate.checkPrivateKey(key)) return 'the key does not belong to the certificate';
  if (!certificate.ca) return 'the certificate is not that of a CA (no basicConstraints CA:TRUE)';
  const isSupported = key.asymmetricKeyType === 'rsa' || key.asymmetricKeyType === 'ec';
  return isSupported ? undefined : `the key is ${key.asymmetricKeyType}, and clients expect RSA or ECDSA`;
}

async function withoutKey(directory: string): Promise<AppError> {
  const { authorityKey, authorityCertificate } = certificatePaths(directory);
  return new AppError('CERT_INVALID', {
    message: `${authorityCertificate} exists, but ${authorityKey} does not: signing needs both, and a CA is never replaced.`,
    hint: `If the key is kept elsewhere, name it: --ca-key FILE. Otherwise restore it, or replace the CA. ${await newAuthorityIn(directory)}`,
  });
}

async function withoutCertificate(directory: string, key: string): Promise<AppError> {
  const { authorityCertificate } = certificatePaths(directory);
  return new AppError('CERT_INVALID', {
    message: `${key} exists, but ${authorityCertificate} does not: signing needs both, and a CA is never replaced.`,
    hint: `Restore ${authorityCertificate}, or replace the CA. ${await newAuthorityIn(directory)}`,
  });
}

/** What a hint about the CA of a certs directory needs to know. */
export async function directoryContext(directory: string): Promise<Omit<CureContext, 'canRenew'>> {
  const paths = certificatePaths(directory);
  const [present, names] = await Promise.all([presentOf(paths), namesIn(paths.certificate)]);
  return { paths, present, names, isDefault: true };
}

/** The hint that tells how to make a new CA in this directory, for the names of its certificate. */
async function newAuthorityIn(directory: string): Promise<string> {
  return newAuthorityCure(await directoryContext(directory));
}

/** Empty if there is no readable certificate: the hint then has a placeholder. */
async function namesIn(path: string): Promise<readonly string[]> {
  try {
    const pem = await readIfPresent(path);
    return pem === undefined ? [] : namesOf(parseCertificates(pem, path)[0]).map(({ value }) => value);
  } catch {
    return [];
  }
}
