import { randomBytes } from 'node:crypto';
import { mkdir, open, readFile, rename, rm, rmdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { systemCode } from '../lib/errors.ts';
import { parseDigest } from '../registry/digest.ts';
import type { Digest } from '../registry/digest.ts';

const PLACE_TRIES = 8;

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

/** Makes a folder with all above it. Those that are new survive a power cut. */
export async function makeFolder(path: string): Promise<void> {
  const first = await makeAll(path);
  if (first === undefined) return;
  const parents = [dirname(first)];
  for (let folder = dirname(path); folder.length >= first.length; folder = dirname(folder)) {
    parents.push(folder);
  }
  await Promise.all(parents.map(syncFolder));
}

/** Resolves to the first folder that was new. Should another process remove one on the way at this moment, it begins again. */
async function makeAll(path: string): Promise<string | undefined> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await mkdir(path, { recursive: true });
    } catch (error) {
      if (systemCode(error) !== 'ENOENT' || tries === PLACE_TRIES) throw error;
    }
  }
}

/** What was renamed or made in a folder survives a power cut. Some network file systems can't; they have no more to offer. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await ifAny(open(path, 'r'));
  if (folder === undefined) return;
  try {
    await folder.sync();
  } catch (error) {
    if (systemCode(error) !== 'EINVAL' && systemCode(error) !== 'ENOTSUP') throw error;
  } finally {
    await folder.close();
  }
}

/** A file for a place: what it will hold, or where it stands ready on the same file system, forced to the disk. */
export type Item = { readonly target: string } & (
  | { readonly bytes: string | Buffer }
  | { readonly path: string }
);

/** Where things are made before they take their place, in one step, by rename. */
export class Staging {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** A path for something new. */
  path(): string {
    return `${this.folder}/${randomBytes(12).toString('hex')}`;
  }

  /** A new file that holds these bytes, also after a power cut. */
  async write(bytes: string | Buffer): Promise<string> {
    const path = this.path();
    try {
      await writeSynced(path, bytes);
      return path;
    } catch (error) {
      await discard(path);
      throw error;
    }
  }

  /** Makes or replaces a small file: whoever looks sees all of the old or all of the new. */
  async put(target: string, bytes: string | Buffer): Promise<void> {
    await this.putAll([{ target, bytes }]);
  }

  /**
   * Puts several files in their places, one after the other in this order. All that can fail for want of space is done
   * before the first of them moves, and each wait for the disk is one for all.
   */
  async putAll(items: readonly Item[]): Promise<void> {
    const written: string[] = [];
    try {
      const paths = await whenAll(items.map((item) => this.#prepare(item, written)));
      for (const [at, { target }] of items.entries()) await move(paths[at] ?? '', target);
    } catch (error) {
      await Promise.all(written.map(discard));
      throw error;
    }
    await whenAll(items.map(({ target }) => syncFolder(dirname(target))));
  }

  async #prepare(item: Item, written: string[]): Promise<string> {
    const made = makeFolder(dirname(item.target));
    if ('path' in item) {
      await made;
      return item.path;
    }
    const [path] = await whenAll([
      this.write(item.bytes).then((path) => (written.push(path), path)),
      made.then(() => ''),
    ]);
    return path ?? '';
  }

  /** Takes a file or folder out of sight in one step, then removes it. False where there was nothing. */
  async remove(target: string): Promise<boolean> {
    const path = this.path();
    if (!(await isRenamed(target, path))) return false;
    await syncFolder(dirname(target));
    await discard(path);
    return true;
  }
}

export async function writeSynced(path: string, bytes: string | Buffer): Promise<void> {
  const file = await open(path, 'wx');
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Renames what stands ready to its place, and makes that last. */
export async function place(path: string, target: string): Promise<void> {
  await makeFolder(dirname(target));
  await move(path, target);
  await syncFolder(dirname(target));
}

/** Should another process clear the folder away as empty at this moment, it is made again. */
async function move(path: string, target: string): Promise<void> {
  for (let tries = 1; !(await isRenamed(path, target)); tries += 1) {
    if (tries === PLACE_TRIES || !(await isThere(path))) throw new Error('what was to be placed has gone');
    await makeFolder(dirname(target));
  }
}

/** All results, once all have ended: nothing goes on behind the back of whoever handles the first failure. */
export async function whenAll<T>(work: readonly Promise<T>[]): Promise<readonly T[]> {
  await Promise.allSettled(work);
  return Promise.all(work);
}

/** Removes a link file and its folder, which nobody else uses. False where there was none. */
export async function removeLink(path: string): Promise<boolean> {
  const folder = dirname(path);
  const removed = await ifAny(rm(path).then(() => true));
  if (removed === undefined) return false;
  await syncFolder(folder);
  await removeIfEmpty(folder);
  return true;
}

export async function removeIfEmpty(folder: string): Promise<void> {
  await rmdir(folder).then(
    () => syncFolder(dirname(folder)),
    () => undefined,
  );
}

/** False where there is nothing to rename, or no folder to rename it into. */
export async function isRenamed(from: string, to: string): Promise<boolean> {
  return (await ifAny(rename(from, to).then(() => true))) ?? false;
}

/** Removes what is in nobody's sight; what can't be removed now is cleared away later. */
export async function discard(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true }).catch(() => undefined);
}
