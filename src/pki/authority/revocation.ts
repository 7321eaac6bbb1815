import type { X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { writeFileAtomic } from '../../lib/files/atomic-file.ts';
import { AppError } from '../../lib/errors.ts';
import { exists } from '../../lib/files/exists.ts';
import { readSigner, type Authority } from './authority.ts';
import { openAuthorityKey, type KeyAccess } from './authority-key.ts';
import {
  certificatePaths,
  readIfPresent,
  readPair,
  revocationListPath,
  withCertificateLock,
} from './cert-store.ts';
import {
  REVOCATION_REASONS,
  readRecord,
  writeRecord,
  type AuthorityRecord,
  type IssuedCertificate,
  type RevocationReason,
  type RevokedCertificate,
} from './record.ts';
import { noAuthority, renewCertificate } from './renewal.ts';
import { PAIRS, readRollover } from './rollover-state.ts';
import { fingerprintOf, isSignedBy, parseCertificates } from '../x509/certificate-file.ts';
import { revocationListTimes } from '../x509/der-reader.ts';
import { DAY, LIFETIME } from './validity.ts';

interface RevokeOptions extends KeyAccess {
  readonly directory: string;
  readonly now: Date;
  /** A serial number in hexadecimal, or the file of the certificate. */
  readonly target: string;
  readonly reason: RevocationReason;
}

/** What revokeCertificate did. */
interface RevokeOutcome {
  readonly serial: string;
  readonly outcome: 'revoked' | 'was revoked';
  /** Whether it was the certificate of the gate, which got another one. */
  readonly isReplaced: boolean;
  /** When the next list is due. */
  readonly nextUpdate: Date;
}

/** Days for which a list is good: the gate makes another one in time if it has the key. */
const LIST_DAYS = 30;
/** How long a certificate stays on the list after its end (RFC 5280 section 3.3 asks for one more list). */
const KEPT_DAYS = 60;

/**
 * Revokes a certificate of the CA: records it, and signs a new list (`ca.crl`). The certificate of the gate itself is
 * replaced before the list names it. Can be repeated. Throws AppError CERT_MISSING, CERT_INVALID, USAGE, STATE_INVALID, LOCK_TIMEOUT,
 * FILE_UNWRITABLE.
 */
export async function revokeCertificate(options: RevokeOptions): Promise<RevokeOutcome> {
  const { directory } = options;
  const authority = await signer(options);
  const leaf = await findLeaf(options, authority);
  const isServed = leaf.serial === (await servedSerial(directory));
  // Recorded first: whoever tries again after a failure may name the file, which holds the successor by then.
  const isNew = await record(options, leaf);
  if (isServed) await renewCertificate({ ...options, force: true });
  return withCertificateLock(directory, async () => ({
    serial: leaf.serial,
    outcome: isNew ? 'revoked' : 'was revoked',
    isReplaced: isServed,
    nextUpdate: await writeList(options, authority, await readRecord(directory)),
  }));
}

/** Adds a certificate to those that are revoked. Returns whether it was not among them. */
async function record({ directory, now, reason }: RevokeOptions, leaf: Found): Promise<boolean> {
  return withCertificateLock(directory, async () => {
    const found = await readRecord(directory);
    if (found.revoked.some((one) => isSameEntry(one, leaf))) return false;
    const revoked = [...found.revoked, { ...leaf, at: now, reason }];
    await writeRecord(directory, pruned({ ...found, revoked }, now));
    return true;
  });
}

/**
 * Signs the list again if there is one and less than a third of its time is left. The server calls it several times a
 * day. Does nothing without the key of the CA.
 */
export async function renewListIfDue(
  options: KeyAccess & Pick<RevokeOptions, 'directory' | 'now'>,
): Promise<'renewed' | 'current' | 'no-authority'> {
  const { directory, now } = options;
  const due = await listDue(directory);
  if (due === undefined || now < due) return 'current';
  if ((await readIfPresent(certificatePaths(directory).authorityKey)) === undefined) return 'no-authority';
  const authority = await signer(options);
  await withCertificateLock(directory, async () => {
    await writeList(options, authority, await readRecord(directory));
  });
  return 'renewed';
}

/** When a new list has to be signed, a third of its time before its end; undefined if there is none. */
async function listDue(directory: string): Promise<Date | undefined> {
  const pem = await readIfPresent(revocationListPath(directory));
  const times = pem === undefined ? undefined : revocationListTimes(pem);
  if (times === undefined) return undefined;
  const end = times.nextUpdate.getTime();
  return new Date(end - (end - times.thisUpdate.getTime()) / 3);
}

/** Signs the list of the CA and, while a rollover goes on, that of the old one behind it. */
async function writeList(
  options: KeyAccess & Pick<RevokeOptions, 'directory' | 'now'>,
  authority: Authority,
  { revoked }: AuthorityRecord,
): Promise<Date> {
  const { directory, now, keyFile } = options;
  const days = keyFile === undefined ? LIST_DAYS : LIFETIME.leafMost;
  const thisUpdate = new Date(Math.floor(now.getTime() / 1000) * 1000);
  const nextUpdate = new Date(thisUpdate.getTime() + days * DAY);
  // Loaded only now: a gate seldom needs the large library for building certificates.
  const { signRevocationList } = await import('../x509/signing/revocation-list.ts');
  const lists = [authority, ...(await readPrevious(options))].map((signing) => {
    const issuer = fingerprintOf(signing.certificate);
    const entries = revoked
      .filter((one) => one.issuer === issuer)
      .map((one) => ({ ...one, reason: REVOCATION_REASONS[one.reason] }));
    return signRevocationList({ entries, thisUpdate, nextUpdate, number: now.getTime() }, signing);
  });
  await writeFileAtomic(revocationListPath(directory), lists.join(''), { mode: 0o644 });
  return nextUpdate;
}

/** Signs the list again after a change of the CA, if there is a list. Call it within withCertificateLock. */
export async function signListAgain(
  options: KeyAccess & Pick<RevokeOptions, 'directory' | 'now'>,
): Promise<void> {
  const { directory } = options;
  if (await exists(revocationListPath(directory)))
    await writeList(options, await signer(options), await readRecord(directory));
}

/** The old CA with its key, while a rollover goes on. */
async function readPrevious(
  options: KeyAccess & Pick<RevokeOptions, 'directory'>,
): Promise<readonly Authority[]> {
  const { directory, passphraseFile } = options;
  const state = await readRollover(directory);
  const { key } = await readPair(directory, PAIRS.previous);
  if (state.step !== 'switched' || key === undefined) return [];
  const path = join(directory, `${PAIRS.previous}.key`);
  return [{ certificate: state.other, key: await openAuthorityKey(key, path, { passphraseFile }) }];
}

function pruned(record: AuthorityRecord, now: Date): AuthorityRecord {
  const since = now.getTime() - KEPT_DAYS * DAY;
  return { ...record, revoked: record.revoked.filter(({ notAfter }) => notAfter.getTime() > since) };
}

async function signer(options: KeyAccess & Pick<RevokeOptions, 'directory' | 'now'>): Promise<Authority> {
  const authority = await readSigner(options.directory, options.now, options);
  if (authority === undefined) throw await noAuthority(options.directory);
  return authority;
}

type Found = Pick<RevokedCertificate, 'serial' | 'issuer' | 'notAfter'>;

function isSameEntry(one: Found, other: Found): boolean {
  return one.serial === other.serial && one.issuer === other.issuer;
}

async function findLeaf({ directory, target }: RevokeOptions, { certificate }: Authority): Promise<Found> {
  const state = await readRollover(directory);
  const authorities = [certificate, ...(state.step === 'switched' ? [state.other] : [])];
  const pem = await readIfPresent(target);
  if (pem !== undefined) return ofFile(parseCertificates(pem, target)[0], target, authorities);
  const serial = target.replaceAll(':', '').replace(/^0x/i, '').toUpperCase();
  const issuer = fingerprintOf(certificate);
  const { issued, revoked } = await readRecord(directory);
  const known = [
    ...(await Promise.all(issued.map((one) => ofIssued(one, authorities, issuer)))),
    ...revoked,
    ...(await served(directory)).map((leaf) => ({ ...ofLeaf(leaf), issuer })),
  ].find((one) => one.serial === serial);
  if (known !== undefined) return { serial, issuer: known.issuer, notAfter: known.notAfter };
  throw new AppError('USAGE', {
    message: `${target} is neither a file nor the serial number of a certificate that this CA is known to have made.`,
    hint: 'Name the file of the certificate, or see the serial numbers that are known: registry-gate certs status',
  });
}

/** Its file knows which CA signed it. */
async function ofIssued(
  { name, directory, serial, notAfter }: IssuedCertificate,
  authorities: readonly X509Certificate[],
  issuer: string,
): Promise<Found> {
  const path = join(directory, `${name}.crt`);
  const pem = await readIfPresent(path);
  const leaf = pem === undefined ? undefined : parseCertificates(pem, path)[0];
  return leaf?.serialNumber === serial ? ofFile(leaf, path, authorities) : { serial, issuer, notAfter };
}

function ofFile(leaf: X509Certificate, path: string, authorities: readonly X509Certificate[]): Found {
  const authority = authorities.find((one) => isSignedBy(leaf, one));
  if (authority !== undefined && !leaf.ca) return { ...ofLeaf(leaf), issuer: fingerprintOf(authority) };
  throw new AppError('CERT_INVALID', {
    message: leaf.ca
      ? `${path} is the certificate of a CA, which no list revokes.`
      : `${path} was not signed by the CA of this directory, so that this CA can't revoke it.`,
    hint: leaf.ca
      ? 'If its key was stolen, make a new CA, and remove the old one from every client: registry-gate certs trust --undo'
      : 'Name the directory of its CA: --certs DIR',
  });
}

function ofLeaf(leaf: X509Certificate): Omit<Found, 'issuer'> {
  return { serial: leaf.serialNumber, notAfter: leaf.validToDate };
}

async function served(directory: string): Promise<readonly X509Certificate[]> {
  const path = certificatePaths(directory).certificate;
  const pem = await readIfPresent(path);
  return pem === undefined ? [] : [parseCertificates(pem, path)[0]];
}

async function servedSerial(directory: string): Promise<string | undefined> {
  return (await served(directory))[0]?.serialNumber;
}
