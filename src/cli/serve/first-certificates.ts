import { mkdir } from 'node:fs/promises';
import { hostname, networkInterfaces } from 'node:os';
import { initCertificates, type InitOptions } from '../../pki/authority/init-certificates.ts';
import { namesNotPermitted } from '../../pki/authority/authority.ts';
import { readStatus, type DirectoryStatus } from '../../pki/authority/status.ts';
import { parseSubjectName } from '../../pki/x509/subject-names.ts';
import { planNames, readFoundNames, writeFoundNames } from './found-names.ts';
import type { NamePlan, WantedNames } from './found-names.ts';
import type { Config } from '../../config/schema/schema.ts';
import { exists } from '../../lib/files/exists.ts';
import { checkClock } from '../../lib/clock.ts';
import { AppError } from '../../lib/errors.ts';

/** Interfaces of containers and virtual machines, by which no client comes. */
const INNER_INTERFACE = /^(docker|br-|veth|cni|podman|virbr|lxc)/;

const LOOPBACK = ['localhost', '127.0.0.1', '::1'];

/** The names and addresses of this machine for its certificate, the host name first. */
export function localNames(isContainer: boolean): readonly string[] {
  // The name and addresses of a container change with every container, and clients can't use them.
  if (isContainer) return LOOPBACK;
  const addresses = Object.entries(networkInterfaces())
    .filter(([name]) => !INNER_INTERFACE.test(name))
    .flatMap(([, list]) => list ?? [])
    .filter(({ internal, address }) => !internal && !address.startsWith('fe80:'))
    .map(({ address }) => address);
  const candidates = [hostname(), ...addresses, ...LOOPBACK];
  return [...new Set(candidates)].filter((name) => 'value' in parseSubjectName(name));
}

/** The names of the certificate, and what the user should know about it. */
export interface PreparedCertificates {
  readonly names: readonly string[];
  readonly notes: readonly string[];
  /** SHA-256 of the CA in hexadecimal; undefined if there is none. */
  readonly authority: string | undefined;
}

/**
 * Makes a CA and a certificate if there are none. Otherwise adds new names to the certificate and drops those that the
 * machine has lost. Keeps a certificate of another CA.
 */
export async function prepareCertificates(
  { certs: directory, tls, caPassphraseFile: passphraseFile }: Config,
  wanted: WantedNames,
): Promise<PreparedCertificates> {
  const { given, found } = { given: wanted.given.map(valueOf), found: wanted.found.map(valueOf) };
  if (tls.certificate !== undefined) return { names: [...given, ...found], notes: [], authority: undefined };
  const refused = (await namesNotPermitted(directory, found)).filter((name) => !given.includes(name));
  const usable = { given, found: found.filter((name) => !refused.includes(name)) };
  const { names, notes } = await makeMissing({ directory, passphraseFile }, usable, new Date());
  const fingerprint = (await statusIfAny(directory, new Date()))?.authority?.fingerprint;
  return {
    names,
    notes: [...notes, ...refusedNotes(refused)],
    authority: fingerprint?.replaceAll(':', '').toLowerCase(),
  };
}

async function makeMissing(
  { directory, passphraseFile }: Pick<InitOptions, 'directory' | 'passphraseFile'>,
  wanted: WantedNames,
  now: Date,
): Promise<Pick<PreparedCertificates, 'names' | 'notes'>> {
  const status = await statusIfAny(directory, now);
  const covered = coveredBy(status);
  const foundBefore = await readFoundNames(directory);
  const plan = planNames(covered, foundBefore, wanted);
  if (status !== undefined && !(await isOurs(status))) {
    return { names: covered, notes: plan.added.length === 0 ? [] : [keptNote(plan.added)] };
  }
  checkClock(now);
  if (plan.found.join() !== foundBefore.join()) await remember(directory, plan.found);
  if (isGood(status, plan)) return { names: covered, notes: [] };
  const made = await initCertificates({ directory, passphraseFile, hosts: plan.names, now });
  const isNoted = status !== undefined && made.certificate === 'made';
  return { names: made.names, notes: isNoted ? [madeNote(plan)] : [] };
}

/** Called before the certificate is made: a name that is not recorded as found counts as given, and stays for good. */
async function remember(directory: string, found: readonly string[]): Promise<void> {
  await mkdir(directory, { recursive: true });
  await writeFoundNames(directory, found);
}

function coveredBy(status: DirectoryStatus | undefined): readonly string[] {
  return status?.certificate.names ?? [];
}

async function isOurs({ isOwn, context }: DirectoryStatus): Promise<boolean> {
  return isOwn && (await exists(context.paths.authorityKey));
}

function isGood(status: DirectoryStatus | undefined, { added, dropped }: NamePlan): boolean {
  return status?.certificate.state === 'fine' && added.length === 0 && dropped.length === 0;
}

/** Names that were found, such as an address that the provider has changed, do not keep the gate from starting. */
function refusedNotes(refused: readonly string[]): readonly string[] {
  if (refused.length === 0) return [];
  return [
    `The CA must not sign ${refused.join(', ')}: clients can't use ${refused.length === 1 ? 'it' : 'them'}. To change that: registry-gate certs init --host ${refused[0] ?? ''}`,
  ];
}

function keptNote(missing: readonly string[]): string {
  return `The certificate can't be renewed here, and is kept. It does not cover ${missing.join(', ')}.`;
}

function madeNote({ added, dropped }: NamePlan): string {
  const reasons = [
    ...(added.length === 0 ? [] : [`to cover ${added.join(', ')} too`]),
    ...(dropped.length === 0 ? [] : [`to drop ${dropped.join(', ')}, which this machine no longer has`]),
  ];
  const reason = reasons.length === 0 ? 'it was due' : reasons.join(', and ');
  return `The certificate was replaced: ${reason}. The CA is the same, so clients need nothing.`;
}

async function statusIfAny(directory: string, now: Date): Promise<DirectoryStatus | undefined> {
  try {
    return await readStatus({ directory }, now);
  } catch (error) {
    if (error instanceof AppError && error.code === 'CERT_MISSING') return undefined;
    throw error;
  }
}

function valueOf(name: string): string {
  const parsed = parseSubjectName(name);
  return 'value' in parsed ? parsed.value : name;
}
