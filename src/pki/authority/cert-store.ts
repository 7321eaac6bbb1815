import { readFile, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { unwritableHint, writeFileAtomic } from '../../lib/files/atomic-file.ts';
import { AppError, systemCode } from '../../lib/errors.ts';
import { withFileLock } from '../../lib/files/file-lock.ts';
import { exists } from '../../lib/files/exists.ts';
import { makeDirectory, ownershipCure } from '../../lib/files/ownership.ts';
import type { CertificatePaths } from '../x509/refusal.ts';

/** A private key and its certificate (or chain), both PEM. */
export interface Pair {
  readonly key: string;
  readonly certificate: string;
}

const MODE = { key: 0o600, certificate: 0o644, directory: 0o755 } as const;
/** What writeFileAtomic leaves behind when it is killed. The name is what the two files of a pair have in common. */
const LITTER = /^\.\.?(?<name>[^.].*)\.(?:key|crt|pending)\.[0-9a-f]{12}\.tmp$/;
const BLOCK = /-----BEGIN [^-]+-----[^-]+-----END [^-]+-----\r?\n?/g;

/** The list of revoked certificates, in a certs directory. */
export function revocationListPath(directory: string): string {
  return join(directory, 'ca.crl');
}

/** The files of a certs directory, named as in common openssl instructions. */
export function certificatePaths(directory: string): CertificatePaths {
  return {
    authorityKey: join(directory, 'ca.key'),
    authorityCertificate: join(directory, 'ca.crt'),
    key: join(directory, 'domain.key'),
    certificate: join(directory, 'domain.crt'),
  };
}

/** Those of the files that exist. */
export async function presentOf(paths: CertificatePaths): Promise<readonly string[]> {
  const { authorityKey, authorityCertificate, key, certificate } = paths;
  const all = [authorityKey, authorityCertificate, key, certificate];
  const found = await Promise.all(all.map(exists));
  return all.filter((_path, at) => found[at]);
}

/** Reads a file; undefined if it does not exist. Throws AppError CERT_INVALID if it can't be read. */
export async function readIfPresent(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const code = systemCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new AppError('CERT_INVALID', {
      message: `${path} can't be read (${code ?? String(error)}).`,
      hint: ownershipCure(path, 'read'),
      cause: error,
    });
  }
}

/**
 * Runs an action that writes, under the lock of the directory. Creates the directory, and first completes or discards
 * what an interrupted writer left. Throws AppError LOCK_TIMEOUT, FILE_UNWRITABLE.
 */
export async function withCertificateLock<T>(directory: string, action: () => Promise<T>): Promise<T> {
  await makeDirectory(directory, MODE.directory).catch((error: unknown) => {
    const code = systemCode(error);
    throw new AppError('FILE_UNWRITABLE', {
      message: `${directory} can't be made (${code ?? String(error)}).`,
      hint: `Choose another directory with --certs DIR. ${unwritableHint(code, directory)}`,
      cause: error,
    });
  });
  return withFileLock(certificatePaths(directory).certificate, async () => {
    for (const name of ['ca-next', 'ca-previous', 'ca', 'domain']) await settlePair(directory, name);
    return action();
  });
}

/**
 * Writes key and certificate so that a crash at any moment leaves a usable pair. Two files can't be replaced in one
 * step, so the whole pair is first written to `.NAME.pending`. Between the two renames readPair reads that file, and the
 * next writer completes the work. Call it within withCertificateLock.
 */
export async function writePair(directory: string, name: string, pair: Pair): Promise<void> {
  const pending = pendingPath(directory, name);
  await writeFileAtomic(pending, pair.key + pair.certificate, { mode: MODE.key, forceMode: true });
  await writeBoth(directory, name, pair);
  await rm(pending, { force: true });
}

/** Writes a certificate whose key is kept elsewhere. Call it within withCertificateLock. */
export async function writeCertificate(directory: string, name: string, certificate: string): Promise<void> {
  await writeFileAtomic(join(directory, `${name}.crt`), certificate, { mode: MODE.certificate });
}

/** Reads key and certificate from the two files, or from `.NAME.pending` if a writer stopped between them. Writes nothing. */
export async function readPair(directory: string, name: string): Promise<Partial<Pair>> {
  const [key, certificate] = await Promise.all([
    readIfPresent(join(directory, `${name}.key`)),
    readIfPresent(join(directory, `${name}.crt`)),
  ]);
  const pending = await readPending(directory, name);
  if (pending !== undefined && pending.key === key && pending.certificate !== certificate) return pending;
  return { ...(key === undefined ? {} : { key }), ...(certificate === undefined ? {} : { certificate }) };
}

/** Completes a pair whose key was written and whose certificate was not. Removes any other pending pair, and temporary files. Call it within withCertificateLock. */
export async function settlePair(directory: string, name: string): Promise<void> {
  const names = await readdir(directory).catch((): string[] => []);
  const litter = names.filter((file) => LITTER.exec(file)?.groups?.['name'] === name);
  await Promise.all(litter.map(async (file) => rm(join(directory, file), { force: true })));
  if (!names.includes(`.${name}.pending`)) return;
  const pending = await readPending(directory, name);
  const onDisk = await readIfPresent(join(directory, `${name}.key`));
  if (pending !== undefined && pending.key === onDisk) await writeBoth(directory, name, pending);
  await rm(pendingPath(directory, name), { force: true });
}

async function writeBoth(directory: string, name: string, { key, certificate }: Pair): Promise<void> {
  await writeFileAtomic(join(directory, `${name}.key`), key, { mode: MODE.key, forceMode: true });
  await writeCertificate(directory, name, certificate);
}

async function readPending(directory: string, name: string): Promise<Pair | undefined> {
  const text = await readFile(pendingPath(directory, name), 'utf8').catch(() => undefined);
  const [key, ...certificates] = text?.match(BLOCK) ?? [];
  return key === undefined || certificates.length === 0
    ? undefined
    : { key, certificate: certificates.join('') };
}

function pendingPath(directory: string, name: string): string {
  return join(directory, `.${name}.pending`);
}
