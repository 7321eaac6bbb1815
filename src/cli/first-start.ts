import { randomInt } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { hostname, networkInterfaces } from 'node:os';
import { join } from 'node:path';
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

/** Names and addresses by which this machine can be reached: the ones worth a place in the certificate. */
export function localNames(): readonly string[] {
  const addresses = Object.entries(networkInterfaces())
    .filter(([name]) => !INNER_INTERFACE.test(name))
    .flatMap(([, list]) => list ?? [])
    .filter(({ internal, address }) => !internal && !address.startsWith('fe80:'))
    .map(({ address }) => address);
  const candidates = ['localhost', '127.0.0.1', '::1', hostname(), ...addresses];
  return [...new Set(candidates)].filter((name) => 'value' in parseSubjectName(name));
}

/** Makes a CA and a certificate where there are none, adds names that are new, and leaves everything else as it is. Resolves to the names served. */
export async function prepareCertificates(
  config: Config,
  wanted: readonly string[],
): Promise<readonly string[]> {
  const now = new Date();
  if (config.tls.certificate !== undefined) return wanted;
  const status = await statusIfAny(config.certs, now);
  const names = status?.certificate.names ?? [];
  if (status !== undefined && !status.isOwn) return names;
  const missing = wanted.filter((name) => !names.includes(valueOf(name)));
  if (status !== undefined && missing.length === 0 && status.certificate.state === 'fine') return names;
  const outcome = await initCertificates({ directory: config.certs, hosts: [...names, ...missing], now });
  return outcome.names;
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
