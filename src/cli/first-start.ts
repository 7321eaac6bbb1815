import { access } from 'node:fs/promises';
import { hostname, networkInterfaces } from 'node:os';
import { certificatePaths } from '../certs/cert-store.ts';
import { initCertificates } from '../certs/init-certificates.ts';
import { readStatus } from '../certs/status.ts';
import type { DirectoryStatus } from '../certs/status.ts';
import { parseSubjectName } from '../certs/subject-names.ts';
import type { Config } from '../config/schema.ts';
import { AppError } from '../lib/errors.ts';

/** Interfaces that lead to containers and not to clients. */
const INNER_INTERFACE = /^(docker|br-|veth|cni|podman|virbr|lxc)/;

const LOOPBACK = ['localhost', '127.0.0.1', '::1'];

/** Names and addresses by which this machine can be reached: the ones worth a place in the certificate. Its own name comes first. */
export function localNames(isContainer: boolean): readonly string[] {
  // Name and addresses of a container are others with each new one, and lead no client here.
  if (isContainer) return LOOPBACK;
  const addresses = Object.entries(networkInterfaces())
    .filter(([name]) => !INNER_INTERFACE.test(name))
    .flatMap(([, list]) => list ?? [])
    .filter(({ internal, address }) => !internal && !address.startsWith('fe80:'))
    .map(({ address }) => address);
  const candidates = [hostname(), ...addresses, ...LOOPBACK];
  return [...new Set(candidates)].filter((name) => 'value' in parseSubjectName(name));
}

/** The names that are served, and what a person should know of them. */
export interface PreparedCertificates {
  readonly names: readonly string[];
  readonly notes: readonly string[];
  /** SHA-256 of the CA for clients to trust, in hex; undefined where there is none. */
  readonly authority: string | undefined;
}

/** Makes a CA and a certificate where there are none, adds names that are new, and leaves what is not ours as it is. */
export async function prepareCertificates(
  { certs: directory, tls }: Config,
  wanted: readonly string[],
): Promise<PreparedCertificates> {
  if (tls.certificate !== undefined) return { names: wanted, notes: [], authority: undefined };
  const { names, notes } = await makeMissing(directory, wanted, new Date());
  const fingerprint = (await statusIfAny(directory, new Date()))?.authority?.fingerprint;
  return { names, notes, authority: fingerprint?.replaceAll(':', '').toLowerCase() };
}

async function makeMissing(
  directory: string,
  wanted: readonly string[],
  now: Date,
): Promise<Pick<PreparedCertificates, 'names' | 'notes'>> {
  const status = await statusIfAny(directory, now);
  if (status === undefined) {
    const { names } = await initCertificates({ directory, hosts: wanted, now });
    return { names, notes: [] };
  }
  const { names, state } = status.certificate;
  const missing = wanted.filter((name) => !names.includes(valueOf(name)));
  if (!status.isOwn || !(await exists(certificatePaths(directory).authorityKey))) {
    return { names, notes: missing.length === 0 ? [] : [keptNote(missing)] };
  }
  if (missing.length === 0 && state === 'fine') return { names, notes: [] };
  const made = await initCertificates({ directory, hosts: [...names, ...missing], now });
  return { names: made.names, notes: made.certificate === 'made' ? [madeNote(missing)] : [] };
}

function keptNote(missing: readonly string[]): string {
  return `The certificate is not one that can be made anew here, and stays. It does not cover ${missing.join(', ')}.`;
}

function madeNote(added: readonly string[]): string {
  const reason = added.length === 0 ? 'it was due' : `to cover ${added.join(', ')} too`;
  return `A new certificate took the place of the one before: ${reason}. The CA is the same, so clients need nothing.`;
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
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
