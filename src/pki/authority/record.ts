import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../../lib/files/atomic-file.ts';
import { AppError, systemCode } from '../../lib/errors.ts';
import { isForbidden, ownershipCure } from '../../lib/files/ownership.ts';

/** Why a certificate is revoked: the names and numbers of RFC 5280 section 5.3.1 that fit a server or a client. */
export const REVOCATION_REASONS = {
  unspecified: 0,
  keyCompromise: 1,
  affiliationChanged: 3,
  superseded: 4,
  cessationOfOperation: 5,
  privilegeWithdrawn: 9,
} as const;
export type RevocationReason = keyof typeof REVOCATION_REASONS;

/** A certificate that `certs issue` made for another service. */
export interface IssuedCertificate {
  /** The name of its files without `.crt` and `.key`; no two have the same. */
  readonly name: string;
  /** The directory of its files, an absolute path. */
  readonly directory: string;
  /** Hexadecimal, as X509Certificate has it. */
  readonly serial: string;
  readonly hosts: readonly string[];
  readonly notAfter: Date;
}

/** A certificate that was revoked. */
export interface RevokedCertificate {
  readonly serial: string;
  readonly at: Date;
  readonly reason: RevocationReason;
  /** SHA-256 of the certificate of its CA, as X509Certificate has it. */
  readonly issuer: string;
  /** Some time after this it leaves the list. */
  readonly notAfter: Date;
}

/** What a CA has to remember: `issued.json` in the certs directory. */
export interface AuthorityRecord {
  readonly issued: readonly IssuedCertificate[];
  readonly revoked: readonly RevokedCertificate[];
}

const FILE = 'issued.json';
const EMPTY: AuthorityRecord = { issued: [], revoked: [] };

/** The file of the record. */
export function recordPath(directory: string): string {
  return join(directory, FILE);
}

/** Reads the record; empty if there is no file. Throws AppError STATE_INVALID if it is damaged, FILE_UNREADABLE. */
export async function readRecord(directory: string): Promise<AuthorityRecord> {
  const path = recordPath(directory);
  try {
    return parseRecord(JSON.parse(await readFile(path, 'utf8')));
  } catch (error) {
    const code = systemCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return EMPTY;
    const message = `${path} can't be read (${code ?? (error instanceof Error ? error.message : String(error))}).`;
    if (isForbidden(error))
      throw new AppError('FILE_UNREADABLE', { message, hint: ownershipCure(path, 'read'), cause: error });
    throw new AppError('STATE_INVALID', {
      message,
      hint: `Restore it from a backup. Without it (mv ${path} ${path}.damaged) no certificate is listed, and what was revoked is forgotten.`,
      cause: error,
    });
  }
}

/** Writes the record. Call it within withCertificateLock. */
export async function writeRecord(directory: string, record: AuthorityRecord): Promise<void> {
  await writeFileAtomic(recordPath(directory), `${JSON.stringify(record, undefined, 2)}\n`, { mode: 0o600 });
}

function parseRecord(value: unknown): AuthorityRecord {
  const { issued, revoked } = fieldsOf(value);
  return { issued: listOf(issued).map(parseIssued), revoked: listOf(revoked).map(parseRevoked) };
}

function parseIssued(value: unknown): IssuedCertificate {
  const { name, directory, serial, hosts, notAfter } = fieldsOf(value);
  return {
    name: textOf(name),
    directory: textOf(directory),
    serial: serialOf(serial),
    hosts: listOf(hosts).map(textOf),
    notAfter: dateOf(notAfter),
  };
}

function parseRevoked(value: unknown): RevokedCertificate {
  const { serial, at, reason, issuer, notAfter } = fieldsOf(value);
  const known = textOf(reason);
  if (!isReason(known)) throw new TypeError(`"${known}" is no reason`);
  return {
    serial: serialOf(serial),
    at: dateOf(at),
    reason: known,
    issuer: textOf(issuer),
    notAfter: dateOf(notAfter),
  };
}

function isReason(text: string): text is RevocationReason {
  return Object.hasOwn(REVOCATION_REASONS, text);
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  throw new TypeError('an object was expected');
}

function listOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw new TypeError('a list was expected');
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  throw new TypeError('a text was expected');
}

function serialOf(value: unknown): string {
  const text = textOf(value);
  if (/^[0-9A-F]{1,40}$/.test(text)) return text;
  throw new TypeError('a serial number was expected');
}

function dateOf(value: unknown): Date {
  const date = new Date(textOf(value));
  if (!Number.isNaN(date.getTime())) return date;
  throw new TypeError('a time was expected');
}
