import { open, readFile, rename, rm, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { diskSyncs } from '../../../lib/files/disk-sync.ts';
import { systemCode } from '../../../lib/errors.ts';
import { parseDigest } from '../../../oci/digest.ts';
import type { Digest } from '../../../oci/digest.ts';
import { FILE_MODE, makeFolder, removeIfEmpty, syncFolder, syncFolders } from './folders.ts';

const TRIES = 8;

/** Whether an error says that there is nothing at a path. */
export function isAbsence(error: unknown): boolean {
  const code = systemCode(error);
  return code === 'ENOENT' || code === 'ENOTDIR';
}

/** A result, or undefined where nothing lies at the path. */
export async function ifAny<T>(result: Promise<T>): Promise<T | undefined> {
  try {
    return await result;
  } catch (error) {
    if (isAbsence(error)) return undefined;
    throw error;
  }
}

export async function isThere(path: string): Promise<boolean> {
  return (await ifAny(stat(path))) !== undefined;
}

/** The digest that a link file holds; undefined where there is none, or no digest in it. */
export async function readLink(path: string): Promise<Digest | undefined> {
  const text = await ifAny(readFile(path, 'latin1'));
  return text === undefined ? undefined : parseDigest(text.trim());
}

/** Makes a file that holds these bytes, also after a power cut once its folder is forced to the disk too. */
export async function writeSynced(path: string, bytes: string | Buffer): Promise<void> {
  await syncAndClose(await writeNew(path, bytes));
}

/** Makes a file that holds these bytes. */
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

/** Forces the bytes of a file to the disk. */
export async function syncAndClose(file: FileHandle): Promise<void> {
  try {
    await diskSyncs.run(() => file.sync());
  } finally {
    await file.close();
  }
}

/** Renames what stands ready to its place, and makes that last. */
export async function place(path: string, target: string): Promise<void> {
  const above = await makeFolder(dirname(target));
  await syncFolders([...above, ...(await move(path, target))]);
}

/**
 * Renames what stands ready. Should another process clear the folder away as empty at this moment, it is made again.
 * Resolves to the folders that have to be forced to the disk then.
 */
export async function move(path: string, target: string): Promise<readonly string[]> {
  const touched = [dirname(target)];
  for (let tries = 1; !(await isRenamed(path, target)); tries += 1) {
    if (tries === TRIES || !(await isThere(path))) throw new Error('what was to be placed has gone');
    touched.push(...(await makeFolder(dirname(target))));
  }
  return touched;
}

/** All results, once all have ended: nothing goes on behind the back of whoever handles the first failure. */
export async function whenAll<T>(work: readonly Promise<T>[]): Promise<readonly T[]> {
  await Promise.allSettled(work);
  return Promise.all(work);
}

/** Both results, once both have ended. */
export async function both<A, B>(one: Promise<A>, other: Promise<B>): Promise<readonly [A, B]> {
  await Promise.allSettled([one, other]);
  return Promise.all([one, other]);
}

/** Removes a link file and its folder, which nobody else uses. False where there was none. */
export async function removeLink(path: string): Promise<boolean> {
  const folder = dirname(path);
  const removed = await ifAny(rm(path).then(() => true));
  if (removed === undefined) return false;
  const isGone = await removeIfEmpty(folder);
  await syncFolder(isGone ? dirname(folder) : folder);
  return true;
}

/** False where there is nothing to rename, or no folder to rename it into. */
export async function isRenamed(from: string, to: string): Promise<boolean> {
  return (await ifAny(rename(from, to).then(() => true))) ?? false;
}

/** Removes what is in nobody's sight; what can't be removed now is cleared away later. */
export async function discard(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true }).catch(() => undefined);
}
