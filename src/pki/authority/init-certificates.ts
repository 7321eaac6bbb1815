import { randomBytes, type X509Certificate } from 'node:crypto';
import { AppError } from '../../lib/errors.ts';
import { checkPermitted, parseAuthority, readSigner, type Authority } from './authority.ts';
import { certificatePaths, readPair, withCertificateLock, writePair, type Pair } from './cert-store.ts';
import { isSignedBy, namesOf, parseCertificates } from '../x509/certificate-file.ts';
import { keyKind, parsePrivateKey, type KeyKind } from '../x509/key-pair.ts';
import { makeLeaf, makeAuthority } from './issue.ts';
import {
  constraintsFor,
  namesOutside,
  parseConstraints,
  standardConstraints,
  type NameConstraints,
} from '../x509/name-constraints.ts';
import { hostFlags } from '../x509/refusal.ts';
import { needsRenewal } from './renewal.ts';
import { parseSubjectNames, type SubjectName } from '../x509/subject-names.ts';
import { LIFETIME, checkDays, type RandomSource } from './validity.ts';

export interface InitOptions {
  readonly directory: string;
  /** Names and addresses by which clients reach the server, as users type them. */
  readonly hosts: readonly string[];
  readonly now: Date;
  /** Lifetime of the certificate in days, at most 397. Default: 90. */
  readonly days?: number;
  /** Lifetime of a new CA in days. Default: 3650. */
  readonly authorityDays?: number;
  /** Type of the keys. Default: that of the existing certificate, else ECDSA. */
  readonly keyKind?: KeyKind;
  /**
   * Name constraints of a new CA: true for the hosts alone, a list like `example.lan,10.0.0.0/8`, or false for none.
   * Default: the hosts, and every private name and address.
   */
  readonly constrain?: boolean | string;
  /** Make a new certificate even if the existing one is good or comes from another CA. Never makes a new CA. */
  readonly force?: boolean;
  readonly random?: RandomSource;
}

/** What initCertificates did. */
export interface InitOutcome {
  readonly authority: 'made' | 'kept';
  readonly certificate: 'made' | 'kept';
  readonly names: readonly string[];
  /** Names of the previous certificate that the new one lacks. */
  readonly dropped: readonly string[];
}

/**
 * Makes a CA if the directory has none, then a certificate for these hosts. Keeps a certificate of this CA that has
 * exactly these names and is not due for renewal. Checks everything before it writes. Throws AppError CERT_INVALID,
 * HOST_INVALID, USAGE, CLOCK_WRONG, LOCK_TIMEOUT, FILE_UNWRITABLE.
 *
 *     await initCertificates({ directory: 'certs', hosts: ['Registry.LAN', '10.0.0.5'], now: new Date() })
 *     // { authority: 'made', certificate: 'made', names: ['registry.lan', '10.0.0.5'], dropped: [] }
 */
export async function initCertificates(options: InitOptions): Promise<InitOutcome> {
  checkDays(options.days ?? LIFETIME.leaf, LIFETIME.leafMost, '--days');
  checkDays(options.authorityDays ?? LIFETIME.authority, LIFETIME.authorityMost, '--ca-days');
  const names = parseSubjectNames(options.hosts);
  if (typeof options.constrain === 'string') parseConstraints(options.constrain);
  return withCertificateLock(options.directory, async () => initLocked(options, names));
}

async function initLocked(options: InitOptions, names: readonly SubjectName[]): Promise<InitOutcome> {
  const { directory, days = LIFETIME.leaf, now, random = randomBytes } = options;
  const values = names.map(({ value }) => value);
  const old = await readSigner(directory, now);
  const leaf = await existingLeaf(options, old);
  if (leaf !== undefined && isCurrent(leaf, names, options)) {
    return { names: values, dropped: [], authority: 'kept', certificate: 'kept' };
  }
  const { authority, made } = await chooseAuthority(options, names, old);
  const kind = options.keyKind ?? (leaf === undefined ? 'ecdsa' : keyKind(leaf.publicKey));
  const pair = await makeLeaf(authority, { names, keyKind: kind, days, now, random });
  if (made !== undefined) await writePair(directory, 'ca', made);
  await writePair(directory, 'domain', pair);
  return {
    names: values,
    dropped: namesWithout(leaf, values),
    authority: made === undefined ? 'kept' : 'made',
    certificate: 'made',
  };
}

function namesWithout(leaf: X509Certificate | undefined, kept: readonly string[]): readonly string[] {
  const before = leaf === undefined ? [] : namesOf(leaf).map(({ value }) => value);
  return before.filter((name) => !kept.includes(name));
}

interface ChosenAuthority {
  readonly authority: Authority;
  /** The pair of a new CA, not written yet. */
  readonly made?: Pair;
}

async function chooseAuthority(
  options: InitOptions,
  names: readonly SubjectName[],
  old: Authority | undefined,
): Promise<ChosenAuthority> {
  if (old === undefined) return newAuthority(options, names);
  await checkPermitted(old, names, options.directory);
  return { authority: old };
}

async function newAuthority(options: InitOptions, names: readonly SubjectName[]): Promise<ChosenAuthority> {
  const { random = randomBytes } = options;
  const constraints = constraintsOf(options, names);
  const made = await makeAuthority({
    host: names[0]?.value ?? '',
    keyKind: options.keyKind ?? 'ecdsa',
    days: options.authorityDays ?? LIFETIME.authority,
    constraints,
    now: options.now,
    random,
  });
  const authority = parseAuthority(made, options.directory);
  const outside = namesOutside(authority.certificate, names);
  if (outside.length === 0) return { authority, made };
  throw new AppError('HOST_INVALID', {
    message: `--constrain leaves out ${outside.join(', ')}, for which the certificate is to be made.`,
    hint: 'Add it to the list, or leave --constrain out: the names of --host are then permitted, and every private name and address.',
  });
}

function constraintsOf(
  { constrain }: InitOptions,
  names: readonly SubjectName[],
): NameConstraints | undefined {
  if (constrain === undefined) return standardConstraints(names);
  if (typeof constrain === 'string') return parseConstraints(constrain);
  return constrain ? constraintsFor(names) : undefined;
}

/** The certificate of this CA, to keep or to replace; undefined if there is none. Throws AppError CERT_INVALID for any other, unless forced. */
async function existingLeaf(
  options: InitOptions,
  authority: Authority | undefined,
): Promise<X509Certificate | undefined> {
  if (options.force === true) return undefined;
  const paths = certificatePaths(options.directory);
  const { key, certificate } = await readPair(options.directory, 'domain');
  if (key === undefined && certificate === undefined) return undefined;
  if (key === undefined)
    throw occupied(options, `${paths.certificate} exists without its key (${paths.key})`);
  if (certificate === undefined)
    throw occupied(options, `${paths.key} exists without its certificate (${paths.certificate})`);
  const [leaf] = parseCertificates(certificate, paths.certificate);
  if (!leaf.checkPrivateKey(parsePrivateKey(key, paths.key))) {
    throw occupied(options, `${paths.key} does not belong to ${paths.certificate}`);
  }
  if (authority === undefined || !isSignedBy(leaf, authority.certificate)) {
    throw occupied(options, `${paths.certificate} was not signed by the CA of this directory`);
  }
  return leaf;
}

function isCurrent(leaf: X509Certificate, names: readonly SubjectName[], options: InitOptions): boolean {
  const has = namesOf(leaf).map(({ value }) => value);
  const wants = names.map(({ value }) => value);
  const hasSameNames = has.toSorted().join() === wants.toSorted().join();
  const hasSameKind = options.keyKind === undefined || options.keyKind === keyKind(leaf.publicKey);
  return hasSameNames && hasSameKind && !needsRenewal(leaf, options.now);
}

function occupied({ hosts }: InitOptions, what: string): AppError {
  return new AppError('CERT_INVALID', {
    message: `${what}. Nothing was changed.`,
    hint: `Move it away, use another directory (--certs DIR), or replace it with a new key and certificate: registry-gate certs init --force ${hostFlags(hosts)}`,
  });
}
