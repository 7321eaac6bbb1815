import { randomBytes, type X509Certificate } from 'node:crypto';
import { AppError } from '../../lib/errors.ts';
import { checkPermitted, readAuthority, readSigner, directoryContext, type Authority } from './authority.ts';
import type { KeyAccess } from './authority-key.ts';
import { certificatePaths, readIfPresent, readPair, withCertificateLock, writePair } from './cert-store.ts';
import { bridgeOf } from './rollover-state.ts';
import { isSignedBy, namesOf, parseCertificates } from '../x509/certificate-file.ts';
import { canonicalIp } from '../x509/ip-address.ts';
import { keyKind, parsePrivateKey } from '../x509/key-pair.ts';
import { hostFlags } from '../x509/refusal.ts';
import { parseSubjectNames, type SubjectName } from '../x509/subject-names.ts';
import { LIFETIME, checkDays, lifetimeOf, type RandomSource } from './validity.ts';

interface RenewIfDueOptions extends KeyAccess {
  readonly directory: string;
  readonly now: Date;
  readonly random?: RandomSource;
}

interface RenewOptions extends RenewIfDueOptions {
  /** Names and addresses to add to those of the certificate. */
  readonly hosts?: readonly string[];
  /** Renew even if it is not due. */
  readonly force?: boolean;
  readonly days?: number;
}

/** `foreign`: another CA signed the certificate; `no-authority`: the directory does not have the key of the CA. */
type RenewalOutcome = 'renewed' | 'current' | 'foreign' | 'no-authority';

/** Whether less than a third of the lifetime is left, or the certificate has expired. */
export function needsRenewal(certificate: X509Certificate, now: Date): boolean {
  return now > renewalTime(certificate);
}

/** The time at which a third of the lifetime is left. */
export function renewalTime({ validFromDate, validToDate }: X509Certificate): Date {
  const end = validToDate.getTime();
  return new Date(end - (end - validFromDate.getTime()) / 3);
}

/**
 * Renews the certificate if it is due: the same names, a new key of the same type, 90 days. The server calls it several
 * times a day. Changes nothing if another CA signed the certificate, or if the key of the CA is kept elsewhere.
 */
export async function renewIfDue(options: RenewIfDueOptions): Promise<RenewalOutcome> {
  const { directory, now } = options;
  if (!needsRenewal((await readServed(directory)).leaf, now)) return 'current';
  if ((await readIfPresent(certificatePaths(directory).authorityKey)) === undefined) return 'no-authority';
  const authority = await readSigner(directory, now, options);
  if (authority === undefined) return 'no-authority';
  return withCertificateLock(directory, async () => {
    const { leaf } = await readServed(directory);
    if (!isSignedBy(leaf, authority.certificate)) return 'foreign';
    if (!needsRenewal(leaf, now)) return 'current';
    await reissue(authority, namesToRenew(leaf), leaf, options);
    return 'renewed';
  });
}

/** Renews the certificate if it is due, if its key is lost, if a name is added, or if forced. Throws AppError CERT_MISSING, CERT_INVALID, HOST_INVALID, USAGE. */
export async function renewCertificate(options: RenewOptions): Promise<'renewed' | 'current'> {
  const { directory, hosts = [], days = LIFETIME.leaf } = options;
  checkDays(days, LIFETIME.leafMost, '--days');
  const added = hosts.length === 0 ? [] : parseSubjectNames(hosts);
  // Before the lock, which makes the directory.
  if ((await readAuthority(directory, options)) === undefined) throw await noAuthority(directory);
  return withCertificateLock(directory, async () => renewLocked(options, added));
}

async function renewLocked(
  options: RenewOptions,
  added: readonly SubjectName[],
): Promise<'renewed' | 'current'> {
  const { directory, now, force = false } = options;
  const authority = await readSigner(directory, now, options);
  if (authority === undefined) throw await noAuthority(directory);
  const { leaf, hasKey } = await readServed(directory);
  if (!isSignedBy(leaf, authority.certificate)) throw foreign(directory, leaf);
  const old = namesToRenew(leaf);
  const names = [...new Map([...old, ...added].map((name) => [name.value, name])).values()];
  const isGood = names.length === old.length && hasKey && !needsRenewal(leaf, now);
  if (isGood && !force) return 'current';
  if (names.length === 0) throw nameless(directory);
  await reissue(authority, names, leaf, options);
  return 'renewed';
}

/** Makes another pair for the server, signed by this CA. Call it within withCertificateLock. */
export async function reissue(
  authority: Authority,
  names: readonly SubjectName[],
  leaf: X509Certificate,
  { directory, now, random = randomBytes, days: asked, keyFile }: RenewOptions,
): Promise<void> {
  await checkPermitted(authority, names, directory);
  // Loaded only now: a gate needs the large library for building certificates every few weeks, not at every start.
  const { makeLeaf } = await import('./issue.ts');
  const { publicKey } = leaf;
  const days = asked ?? lifetimeOf({ isRenewed: keyFile === undefined });
  const like = { keyKind: keyKind(publicKey), like: publicKey };
  const made = await makeLeaf(authority, { names, ...like, days, now, random });
  await writePair(directory, 'domain', {
    ...made,
    certificate: made.certificate + (await bridgeOf(directory)),
  });
}

/** Turns an address in a DNS entry, which no client accepts, into an IP entry. */
function namesToRenew(leaf: X509Certificate): SubjectName[] {
  return namesOf(leaf).map((name) => {
    const ip = canonicalIp(name.value);
    return ip === undefined ? name : { kind: 'ip', value: ip };
  });
}

interface Served {
  readonly leaf: X509Certificate;
  /** Whether its key exists. */
  readonly hasKey: boolean;
}

/** The certificate of the server. Throws AppError CERT_MISSING, CERT_INVALID. */
export async function readServed(directory: string): Promise<Served> {
  const paths = certificatePaths(directory);
  const { certificate, key } = await readPair(directory, 'domain');
  if (certificate !== undefined) {
    const [leaf] = parseCertificates(certificate, paths.certificate);
    const hasKey = key !== undefined && leaf.checkPrivateKey(parsePrivateKey(key, paths.key));
    return { leaf, hasKey };
  }
  throw new AppError('CERT_MISSING', {
    message: `${paths.certificate} does not exist: there is nothing to renew.`,
    hint: 'Make it: registry-gate certs init --host NAME-OR-ADDRESS',
  });
}

/** The error of a directory without any CA. */
export async function noAuthority(directory: string): Promise<AppError> {
  const { names, present } = await directoryContext(directory);
  const force = present.length === 0 ? '' : '--force ';
  return new AppError('CERT_MISSING', {
    message: `${directory} has no CA (ca.key and ca.crt) to sign a new certificate.`,
    hint: `If another CA signed the certificate, renew it there. Otherwise make a CA and a certificate: registry-gate certs init ${force}${hostFlags(names)}`,
  });
}

function foreign(directory: string, leaf: X509Certificate): AppError {
  const { certificate, authorityCertificate } = certificatePaths(directory);
  const names = namesOf(leaf).map(({ value }) => value);
  return new AppError('CERT_INVALID', {
    message: `${certificate} was not signed by ${authorityCertificate}. Nothing was changed.`,
    hint: `Have its own CA renew it, or replace it with one of this CA: registry-gate certs init --force ${hostFlags(names)}`,
  });
}

function nameless(directory: string): AppError {
  return new AppError('HOST_INVALID', {
    message: `${certificatePaths(directory).certificate} names no host (no subjectAltName), so clients refuse it.`,
    hint: 'Name the hosts of the new one: registry-gate certs renew --host NAME-OR-ADDRESS',
  });
}
