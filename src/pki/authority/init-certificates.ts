import { randomBytes, type X509Certificate } from 'node:crypto';
import { AppError } from '../../lib/errors.ts';
import { checkPermitted, readSigner, type Authority } from './authority.ts';
import type { KeyAccess } from './authority-key.ts';
import {
  certificatePaths,
  readPair,
  withCertificateLock,
  writeCertificate,
  writePair,
  type Pair,
} from './cert-store.ts';
import { isSignedBy, namesOf, parseCertificates } from '../x509/certificate-file.ts';
import { keyKind, parsePrivateKey } from '../x509/key-pair.ts';
import { makeLeaf } from './issue.ts';
import { newAuthority, type ChosenAuthority, type NewAuthorityOptions } from './new-authority.ts';
import { parseConstraints } from '../x509/name-constraints.ts';
import { hostFlags } from '../x509/refusal.ts';
import { needsRenewal } from './renewal.ts';
import { bridgeOf } from './rollover-state.ts';
import { parseSubjectNames, type SubjectName } from '../x509/subject-names.ts';
import { LIFETIME, checkDays, lifetimeOf } from './validity.ts';

export interface InitOptions extends KeyAccess, NewAuthorityOptions {
  /** Names and addresses by which clients reach the server, as users type them. */
  readonly hosts: readonly string[];
  /** Lifetime of the certificate in days, at most 397. Default: 90, or 397 if the key of the CA is kept elsewhere. */
  readonly days?: number;
  /** Make a new certificate even if the existing one is good or comes from another CA. Never makes a new CA. */
  readonly force?: boolean;
  /**
   * Keeps the private key of a new CA, in PEM, outside of the certs directory. Called before anything is written; the
   * key is nowhere else.
   */
  readonly keepKey?: ((pem: string) => Promise<void>) | undefined;
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
  const { directory, now, random = randomBytes } = options;
  const values = names.map(({ value }) => value);
  const old = await readExisting(options);
  const leaf = await existingLeaf(options, old);
  if (leaf !== undefined && isCurrent(leaf, names, options)) {
    return { names: values, dropped: [], authority: 'kept', certificate: 'kept' };
  }
  const { authority, made } = await chooseAuthority(options, names, old);
  const kind = options.keyKind ?? (leaf === undefined ? 'ecdsa' : keyKind(leaf.publicKey));
  const days = leafDays(options);
  const pair = await makeLeaf(authority, { names, keyKind: kind, days, now, random });
  if (made !== undefined) await writeAuthority(options, made);
  await writePair(directory, 'domain', {
    ...pair,
    certificate: pair.certificate + (await bridgeOf(directory)),
  });
  return {
    names: values,
    dropped: namesWithout(leaf, values),
    authority: made === undefined ? 'kept' : 'made',
    certificate: 'made',
  };
}

async function readExisting(options: InitOptions): Promise<Authority | undefined> {
  const { directory, now, keepKey } = options;
  const old = await readSigner(directory, now, options);
  if (old !== undefined && keepKey !== undefined) throw alreadyMade(directory);
  return old;
}

function leafDays({ days, keyFile, keepKey }: InitOptions): number {
  return days ?? lifetimeOf({ isRenewed: keyFile === undefined && keepKey === undefined });
}

async function writeAuthority({ directory, keepKey }: InitOptions, made: Pair): Promise<void> {
  if (keepKey === undefined) return writePair(directory, 'ca', made);
  await keepKey(made.key);
  return writeCertificate(directory, 'ca', made.certificate);
}

function alreadyMade(directory: string): AppError {
  const { authorityKey } = certificatePaths(directory);
  return new AppError('USAGE', {
    message: `${directory} has a CA already, and a CA is never replaced. --offline-ca is for a new one.`,
    hint: `To take its key away, move ${authorityKey} to a place of your own, and name it at each renewal: --ca-key FILE`,
  });
}

function namesWithout(leaf: X509Certificate | undefined, kept: readonly string[]): readonly string[] {
  const before = leaf === undefined ? [] : namesOf(leaf).map(({ value }) => value);
  return before.filter((name) => !kept.includes(name));
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
