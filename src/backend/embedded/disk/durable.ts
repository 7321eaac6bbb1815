import { open, readFile, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { diskSyncs } from '../../../lib/files/disk-sync.ts';
import { systemCode } from '../../../lib/errors.ts';
import { parseDigest, type Digest } from '../../../oci/digest.ts';
import { FILE_MODE, makeFolder, removeIfEmpty, syncFolder, syncFolders } from './folders.ts';

const TRIES = 8;

/** Reports whether an error means that the path does not exist. */
export function isNotFound(error: unknown): boolean {
  const code = systemCode(error);
  return code === 'ENOENT' || code === 'ENOTDIR';
}

/** Returns a result, or undefined if the path does not exist. */
export async function ifExists<T>(result: Promise<T>): Promise<T | undefined> {
  try {
    return await result;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

export async function exists(path: string): Promise<boolean> {
  return (await ifExists(stat(path))) !== undefined;
}

/** Returns the digest in a link file; undefined if the file is missing or holds no digest. */
export async function readLink(path: string): Promise<Digest | undefined> {
  const text = await ifExists(readFile(path, 'latin1'));
  return text === undefined ? undefined : parseDigest(text.trim());
}

/** Creates a file with these bytes and syncs it. It survives a power failure once its folder is synced too. */
export async function writeSynced(path: string, bytes: string | Buffer): Promise<void> {
  await syncAndClose(await writeNew(path, bytes));
}

export async function writeNew(path: string, bytes: string | Buffer): Promise<FileHandle> {
  const file = await open(path, 'wx', FILE_MODE);
  try {
    await file.writeFile(bytes);
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}

export async function syncAndClose(file: FileHandle): Promise<void> {
  try {
    await diskSyncs.run(() => file.sync());
  } finally {
    await file.close();
  }
}

/** Renames a finished file to its target and syncs the folders. */
export async function moveDurably(path: string, target: string): Promise<void> {
  const above = await makeFolder(dirname(target));
  await syncFolders([...above, ...(await move(path, target))]);
}

/**
 * Renames a finished file. If another process removes the empty target folder meanwhile, it is created again. Returns
 * the folders that the caller must sync.
 */
export async function move(path: string, target: string): Promise<readonly string[]> {
  const touched = [dirname(target)];
  for (let tries = 1; !(await isRenamed(path, target)); tries += 1) {
    if (tries === TRIES || !(await exists(path))) throw new Error('what was to be placed has gone');
    touched.push(...(await makeFolder(dirname(target))));
  }
  return touched;
}

/** Returns all results once all have settled, so that no work continues while the caller handles the first failure. */
export async function whenAll<T>(work: readonly Promise<T>[]): Promise<readonly T[]> {
  await Promise.allSettled(work);
  return Promise.all(work);
}

/** Returns both results once both have settled. */
export async function both<A, B>(one: Promise<A>, other: Promise<B>): Promise<readonly [A, B]> {
  await Promise.allSettled([one, other]);
  return Promise.all([one, other]);
}

/** Removes a link file and its folder, which holds nothing else. Returns false if there was no link. */
export async function removeLink(path: string): Promise<boolean> {
  const folder = dirname(path);
  const removed = await ifExists(rm(path).then(() => true));
  if (removed === undefined) return false;
  const isGone = await removeIfEmpty(folder);
  await syncFolder(isGone ? dirname(folder) : folder);
  return true;
}

/** Returns false if the source or the target folder does not exist. */
export async function isRenamed(from: string, to: string): Promise<boolean> {
  return (await ifExists(rename(from, to).then(() => true))) ?? false;
}

/** Removes a file or folder that no reader can see. On failure it stays, and a later cleanup removes it. */
export async function discard(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true }).catch(() => undefined);
}
