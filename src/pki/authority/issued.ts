import { randomBytes } from 'node:crypto';
import { join, resolve } from 'node:path';
import { AppError } from '../../lib/errors.ts';
import { exists } from '../../lib/files/exists.ts';
import { makeDirectory } from '../../lib/files/ownership.ts';
import { checkPermitted, readSigner, directoryContext } from './authority.ts';
import type { KeyAccess } from './authority-key.ts';
import { settlePair, withCertificateLock, writePair } from './cert-store.ts';
import { makeLeaf } from './issue.ts';
import { readRecord, writeRecord, type IssuedCertificate } from './record.ts';
import { noAuthority } from './renewal.ts';
import { bridgeOf } from './rollover-state.ts';
import { parseCertificates } from '../x509/certificate-file.ts';
import type { KeyKind } from '../x509/key-pair.ts';
import { parseSubjectNames, type SubjectName } from '../x509/subject-names.ts';
import { LIFETIME, checkDays, type RandomSource } from './validity.ts';

interface IssuingOptions extends KeyAccess {
  /** The certs directory of the CA. */
  readonly directory: string;
  readonly now: Date;
  /** Lifetime in days, at most 397. Default: 397, since nobody renews it by himself. */
  readonly days?: number | undefined;
  /** Type of the key. Default: ECDSA. */
  readonly keyKind?: KeyKind | undefined;
  readonly random?: RandomSource;
}

interface IssueOptions extends IssuingOptions {
  /** Names and addresses of the service. */
  readonly hosts: readonly string[];
  /** The directory for its files. Default: `issued` in the certs directory. */
  readonly out?: string | undefined;
  /** The name of its files. Default: the first host. */
  readonly name?: string | undefined;
  /** Replace a certificate that exists. */
  readonly force?: boolean;
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

/**
 * Makes a key and a certificate of the CA for another service, as `NAME.key` and `NAME.crt`, and records it. Throws
 * AppError CERT_MISSING, CERT_INVALID, HOST_INVALID, USAGE, STATE_INVALID, LOCK_TIMEOUT, FILE_UNWRITABLE.
 *
 *     await issueCertificate({ directory: 'certs', hosts: ['db.lan'], now: new Date() })
 *     // { name: 'db.lan', directory: '/srv/certs/issued', serial: '4F...', hosts: ['db.lan'], notAfter: 2027-12-31 }
 */
export async function issueCertificate(options: IssueOptions): Promise<IssuedCertificate> {
  const { directory, days = LIFETIME.leafMost, force = false } = options;
  checkDays(days, LIFETIME.leafMost, '--days');
  const names = parseSubjectNames(options.hosts);
  const name = checkName(
    options.name ?? (names[0]?.value ?? '').replace('*', 'wildcard').replaceAll(':', '-'),
  );
  const place = { name, directory: resolve(options.out ?? join(directory, 'issued')) };
  if (place.directory === resolve(directory)) throw ownPlace(directory);
  await checkAuthority(directory, options);
  return withCertificateLock(directory, async () => {
    if (!force) await checkFree(directory, place);
    return make(options, names, place);
  });
}

/**
 * Makes a new key and certificate in the place of one that issueCertificate made, for the same names. Throws the same
 * errors, and USAGE if none has this name.
 */
export async function renewIssued(options: IssuingOptions, name: string): Promise<IssuedCertificate> {
  const { directory, days = LIFETIME.leafMost } = options;
  checkDays(days, LIFETIME.leafMost, '--days');
  await checkAuthority(directory, options);
  return withCertificateLock(directory, async () => {
    const { issued } = await readRecord(directory);
    const found = issued.find((one) => one.name === name);
    if (found === undefined) throw unknown(name, issued);
    return make(options, parseSubjectNames(found.hosts), found);
  });
}

type Place = Pick<IssuedCertificate, 'name' | 'directory'>;

/** The record is written first: what it lists can be revoked, whatever happens to the files. */
async function make(
  options: IssuingOptions,
  names: readonly SubjectName[],
  { name, directory: out }: Place,
): Promise<IssuedCertificate> {
  const { directory, now, days = LIFETIME.leafMost, keyKind = 'ecdsa', random = randomBytes } = options;
  const authority = await readSigner(directory, now, options);
  if (authority === undefined) throw await noAuthority(directory);
  await checkPermitted(authority, names, directory);
  await makeDirectory(out, 0o755);
  await settlePair(out, name);
  const pair = await makeLeaf(authority, { names, keyKind, days, now, random });
  const [leaf] = parseCertificates(pair.certificate, join(out, `${name}.crt`));
  const made: IssuedCertificate = {
    name,
    directory: out,
    serial: leaf.serialNumber,
    hosts: names.map(({ value }) => value),
    notAfter: leaf.validToDate,
  };
  const record = await readRecord(directory);
  const others = record.issued.filter((one) => one.name !== name);
  await writeRecord(directory, { ...record, issued: [...others, made] });
  await writePair(out, name, { ...pair, certificate: pair.certificate + (await bridgeOf(directory)) });
  return made;
}

/** Before the lock, which makes the directory. */
async function checkAuthority(directory: string, access: KeyAccess): Promise<void> {
  const { present } = await directoryContext(directory);
  if (present.length === 0 && access.keyFile === undefined) throw await noAuthority(directory);
}

async function checkFree(directory: string, { name, directory: out }: Place): Promise<void> {
  const files = [`${name}.key`, `${name}.crt`].map((file) => join(out, file));
  const [key, certificate] = await Promise.all(files.map(exists));
  const { issued } = await readRecord(directory);
  const listed = issued.find((one) => one.name === name);
  if (key !== true && certificate !== true && listed === undefined) return;
  throw new AppError('USAGE', {
    message: `There is a certificate ${name} already, in ${listed?.directory ?? out}. Nothing was changed.`,
    hint:
      listed === undefined
        ? 'Give another name (--name NAME), or replace it: --force'
        : `To renew it: registry-gate certs renew --issued ${name}; to make one for other hosts in its place: --force`,
  });
}

function checkName(name: string): string {
  if (NAME.test(name)) return name;
  throw new AppError('USAGE', {
    message: `"${name}" can't be the name of files.`,
    hint: 'Use letters, digits, dots, hyphens and underscores: --name db',
  });
}

function ownPlace(directory: string): AppError {
  return new AppError('USAGE', {
    message: `${directory} holds the certificates of the gate itself.`,
    hint: 'Name another directory for the new certificate: --out DIR',
  });
}

function unknown(name: string, issued: readonly IssuedCertificate[]): AppError {
  const names = issued.map((one) => one.name);
  return new AppError('USAGE', {
    message: `certs issue made no certificate ${name}${names.length === 0 ? '' : `, only ${names.join(', ')}`}.`,
    hint: 'To make one: registry-gate certs issue --host NAME-OR-ADDRESS',
  });
}
