import { randomInt } from 'node:crypto';
import { access, mkdir } from 'node:fs/promises';
import { hostname, networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { certificatePaths } from '../certs/cert-store.ts';
import { initCertificates } from '../certs/init-certificates.ts';
import { readStatus } from '../certs/status.ts';
import type { DirectoryStatus } from '../certs/status.ts';
import { parseSubjectName } from '../certs/subject-names.ts';
import type { Config } from '../config/schema.ts';
import { writeFileAtomic } from '../lib/atomic-file.ts';
import { AppError } from '../lib/errors.ts';
import { Secret } from '../lib/secret.ts';
import { entriesOf, withUser } from '../users/htpasswd-file.ts';
import { createHash } from '../users/password-hash.ts';
import { changeUsersFile, readUsersFileIfAny } from '../users/users-file.ts';

/** The user that a first start made. */
export type FirstUser =
  | { readonly kind: 'shown once'; readonly name: string; readonly password: Secret<string> }
  | { readonly kind: 'kept in a file'; readonly name: string; readonly file: string };

const FIRST_NAME = 'admin';
const ALPHABET = 'ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789';
const PASSWORD_LENGTH = 20;
/** Interfaces that lead to containers and not to clients. */
const INNER_INTERFACE = /^(docker|br-|veth|cni|podman|virbr|lxc)/;

/** Names and addresses by which this machine can be reached: the ones worth a place in the certificate. Its own name comes first. */
export function localNames(): readonly string[] {
  const addresses = Object.entries(networkInterfaces())
    .filter(([name]) => !INNER_INTERFACE.test(name))
    .flatMap(([, list]) => list ?? [])
    .filter(({ internal, address }) => !internal && !address.startsWith('fe80:'))
    .map(({ address }) => address);
  const candidates = [hostname(), ...addresses, 'localhost', '127.0.0.1', '::1'];
  return [...new Set(candidates)].filter((name) => 'value' in parseSubjectName(name));
}

/** The names that are served, and what a person should know of them. */
export interface PreparedCertificates {
  readonly names: readonly string[];
  readonly notes: readonly string[];
  /** Whether there is a CA for clients to trust. */
  readonly hasAuthority: boolean;
}

/** Makes a CA and a certificate where there are none, adds names that are new, and leaves what is not ours as it is. */
export async function prepareCertificates(
  { certs: directory, tls }: Config,
  wanted: readonly string[],
): Promise<PreparedCertificates> {
  const now = new Date();
  if (tls.certificate !== undefined) return { names: wanted, notes: [], hasAuthority: false };
  const { authorityKey, authorityCertificate } = certificatePaths(directory);
  const status = await statusIfAny(directory, now);
  if (status === undefined) {
    const { names } = await initCertificates({ directory, hosts: wanted, now });
    return { names, notes: [], hasAuthority: true };
  }
  const { names, state } = status.certificate;
  const missing = wanted.filter((name) => !names.includes(valueOf(name)));
  const hasAuthority = await exists(authorityCertificate);
  if (!status.isOwn || !(await exists(authorityKey))) {
    return { names, notes: missing.length === 0 ? [] : [keptNote(missing)], hasAuthority };
  }
  if (missing.length === 0 && state === 'fine') return { names, notes: [], hasAuthority };
  const made = await initCertificates({ directory, hosts: [...names, ...missing], now });
  return { names: made.names, notes: made.certificate === 'made' ? [madeNote(missing)] : [], hasAuthority };
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

/** A first user where there is none. The password goes to a terminal, once, or to a file of its own where there is no terminal to show it on. */
export async function prepareFirstUser(config: Config, isTTY: boolean): Promise<FirstUser | undefined> {
  if (entriesOf((await readUsersFileIfAny(config.users)).document).length > 0) return undefined;
  const password = generatePassword();
  const hash = await createHash(password);
  await mkdir(config.certs, { recursive: true });
  await changeUsersFile(config.users, (document) => withUser(document, FIRST_NAME, hash));
  if (isTTY) return { kind: 'shown once', name: FIRST_NAME, password: new Secret(password) };
  const file = join(config.certs, 'first-password.txt');
  await writeFileAtomic(file, `${password}\n`, { mode: 0o600 });
  return { kind: 'kept in a file', name: FIRST_NAME, file };
}

async function statusIfAny(directory: string, now: Date): Promise<DirectoryStatus | undefined> {
  try {
    return await readStatus(directory, now);
  } catch (error) {
    if (error instanceof AppError && error.code === 'CERT_MISSING') return undefined;
    throw error;
  }
}

function valueOf(name: string): string {
  const parsed = parseSubjectName(name);
  return 'value' in parsed ? parsed.value : name;
}

/** Letters and digits that cannot be taken for one another: about 116 bits. */
function generatePassword(): string {
  return Array.from({ length: PASSWORD_LENGTH }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');
}
