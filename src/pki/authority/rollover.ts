import { randomBytes, type X509Certificate } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../../lib/errors.ts';
import { readSigner, type Authority } from './authority.ts';
import type { KeyAccess } from './authority-key.ts';
import { readPair, withCertificateLock, writeCertificate, writePair, type Pair } from './cert-store.ts';
import { crossSign } from './issue.ts';
import { newAuthority, type NewAuthorityOptions } from './new-authority.ts';
import { noAuthority, readServed, reissue } from './renewal.ts';
import { signListAgain } from './revocation.ts';
import { PAIRS, readRollover, type RolloverState } from './rollover-state.ts';
import { isSignedBy, namesOf, parseCertificates } from '../x509/certificate-file.ts';
import { keyKind } from '../x509/key-pair.ts';
import { parseConstraints } from '../x509/name-constraints.ts';
import { parseSubjectNames } from '../x509/subject-names.ts';
import { LIFETIME, checkDays } from './validity.ts';

type RolloverOptions = KeyAccess & Pick<NewAuthorityOptions, 'directory' | 'now' | 'random'>;

interface StartOptions extends KeyAccess, NewAuthorityOptions {
  /** Names and addresses that the new CA is to be made for, beside those of the certificate. */
  readonly hosts: readonly string[];
}

/**
 * Makes the next CA beside the one in force, signed by that one too: `ca-next.key` and `ca-next.crt`. Clients learn of it;
 * nothing else changes. Returns the state; a next CA that exists stays. Throws AppError CERT_MISSING, CERT_INVALID,
 * HOST_INVALID, USAGE, LOCK_TIMEOUT, FILE_UNWRITABLE.
 */
export async function startRollover(options: StartOptions): Promise<RolloverState> {
  const { directory, now, random = randomBytes } = options;
  checkDays(options.authorityDays ?? LIFETIME.authority, LIFETIME.authorityMost, '--ca-days');
  if (typeof options.constrain === 'string') parseConstraints(options.constrain);
  await signer(options);
  return withCertificateLock(directory, async () => {
    const state = await readRollover(directory);
    if (state.step === 'switched') throw unfinished();
    if (state.step === 'announced') return state;
    await removePair(directory, PAIRS.previous);
    const old = await signer(options);
    const { leaf } = await readServed(directory);
    if (!isSignedBy(leaf, old.certificate)) throw foreign();
    const added = options.hosts.length === 0 ? [] : parseSubjectNames(options.hosts);
    const names = [...namesOf(leaf), ...added];
    const kind = options.keyKind ?? keyKind(old.certificate.publicKey);
    const { made, authority } = await newAuthority({ ...options, keyKind: kind, isSuccessor: true }, names);
    const cross = crossSign(old, authority.certificate, { now, random });
    if (made !== undefined)
      await writePair(directory, PAIRS.next, { ...made, certificate: made.certificate + cross });
    return readRollover(directory);
  });
}

/**
 * Puts the next CA in force: `ca.*` become `ca-previous.*`, `ca-next.*` become `ca.*`, and the server gets a certificate
 * of the new CA. Finishes a switch that was interrupted; otherwise a repetition changes nothing.
 */
export async function switchRollover(options: RolloverOptions): Promise<RolloverState> {
  const { directory } = options;
  return withCertificateLock(directory, async () => {
    const state = await readRollover(directory);
    const next = await wholePair(directory, PAIRS.next);
    if (state.step === 'none' && next === undefined) throw nothing('switch');
    if (state.step === 'announced' && next !== undefined) await replace(options, state.cross, next);
    const { keyFile: _old, ...access } = options;
    await renewLeaf(access);
    await signListAgain(access);
    await removePair(directory, PAIRS.next);
    return readRollover(directory);
  });
}

/** Ends the rollover: the old CA is no longer published, and its key is deleted. Clients keep the old certificate until they remove it. */
export async function retireRollover({ directory }: Pick<RolloverOptions, 'directory'>): Promise<void> {
  await withCertificateLock(directory, async () => {
    const state = await readRollover(directory);
    if (state.step === 'announced') throw notSwitched();
    if (state.step === 'none') throw nothing('retire');
    const served = await wholePair(directory, 'domain');
    const [authority] = parseCertificates((await readPair(directory, 'ca')).certificate ?? '', 'ca.crt');
    const [leaf] = parseCertificates(served?.certificate ?? '', 'domain.crt');
    if (!isSignedBy(leaf, authority)) throw notSwitched();
    if (served !== undefined)
      await writePair(directory, 'domain', { ...served, certificate: leaf.toString() });
    await removePair(directory, PAIRS.previous);
  });
}

/** Forgets a next CA that was not put in force. */
export async function cancelRollover({ directory }: Pick<RolloverOptions, 'directory'>): Promise<void> {
  await withCertificateLock(directory, async () => {
    const { step } = await readRollover(directory);
    if (step === 'switched') throw unfinished();
    await removePair(directory, PAIRS.next);
    // A switch that was interrupted at its beginning leaves a copy of the CA in force.
    await removePair(directory, PAIRS.previous);
  });
}

/** The old CA is kept before the new one takes its place. */
async function replace({ directory }: RolloverOptions, cross: X509Certificate, next: Pair): Promise<void> {
  const { key, certificate = '' } = await readPair(directory, 'ca');
  const [old] = parseCertificates(certificate, 'ca.crt');
  const kept = `${old.toString()}${cross.toString()}`;
  if (key === undefined) await writeCertificate(directory, PAIRS.previous, kept);
  else await writePair(directory, PAIRS.previous, { key, certificate: kept });
  const [authority] = parseCertificates(next.certificate, 'ca-next.crt');
  await writePair(directory, 'ca', { key: next.key, certificate: authority.toString() });
}

async function renewLeaf(options: Omit<RolloverOptions, 'keyFile'>): Promise<void> {
  const { directory, now } = options;
  const authority = await readSigner(directory, now, options);
  if (authority === undefined) throw await noAuthority(directory);
  const { leaf } = await readServed(directory);
  if (!isSignedBy(leaf, authority.certificate)) await reissue(authority, namesOf(leaf), leaf, options);
}

async function wholePair(directory: string, name: string): Promise<Pair | undefined> {
  const { key, certificate } = await readPair(directory, name);
  return key === undefined || certificate === undefined ? undefined : { key, certificate };
}

/** The key first: a certificate alone is harmless. */
async function removePair(directory: string, name: string): Promise<void> {
  await rm(join(directory, `${name}.key`), { force: true });
  await rm(join(directory, `${name}.crt`), { force: true });
}

async function signer(options: RolloverOptions): Promise<Authority> {
  const authority = await readSigner(options.directory, options.now, options);
  if (authority === undefined) throw await noAuthority(options.directory);
  return authority;
}

function unfinished(): AppError {
  return new AppError('USAGE', {
    message: 'A rollover goes on: the new CA is in force already.',
    hint: 'End it first, when every client has the new CA: registry-gate certs rollover retire',
  });
}

function notSwitched(): AppError {
  return new AppError('USAGE', {
    message: 'The new CA is not in force yet.',
    hint: 'Put it in force first: registry-gate certs rollover switch',
  });
}

function nothing(step: string): AppError {
  return new AppError('USAGE', {
    message: `There is nothing to ${step}: no rollover goes on.`,
    hint: 'To begin one: registry-gate certs rollover start',
  });
}

function foreign(): AppError {
  return new AppError('CERT_INVALID', {
    message: 'The certificate of the server was not signed by the CA of this directory.',
    hint: 'Have its own CA renew it: a rollover replaces the CA of this directory.',
  });
}
