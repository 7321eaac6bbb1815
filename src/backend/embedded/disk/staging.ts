import { randomBytes } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { diskSyncs } from '../../../lib/files/disk-sync.ts';
import { both, discard, isRenamed, move, whenAll, writeSynced } from './durable.ts';
import { makeFolder, syncFolder, syncFolders } from './folders.ts';

/**
 * A file for a place: what it will hold, or where it stands ready on the same file system. `file` is the open file of one
 * that was not forced to the disk yet.
 */
export type Item = { readonly target: string } & (
  | { readonly bytes: string | Buffer }
  | { readonly path: string; readonly file?: FileHandle }
);

interface Prepared {
  readonly path: string;
  /** Folders in which a new one was made on the way to the target. */
  readonly above: readonly string[];
}

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

  /** Makes or replaces a small file: whoever looks sees all of the old or all of the new. */
  async put(target: string, bytes: string | Buffer): Promise<void> {
    await this.putAll([{ target, bytes }]);
  }

  /**
   * Puts several files in their places, one after the other in this order. The disk is waited for twice, however many
   * there are: once for all contents, before the first of them moves, and once for all folders. All that can fail for
   * want of space is done before the first moves.
   */
  async putAll(items: readonly Item[]): Promise<void> {
    const written: string[] = [];
    const touched: string[] = [];
    try {
      const prepared = await whenAll(items.map((item) => this.#prepare(item, written)));
      for (const [at, { target }] of items.entries()) {
        const { path, above } = prepared[at] ?? { path: '', above: [] };
        touched.push(...above, ...(await move(path, target)));
      }
    } catch (error) {
      await Promise.all(written.map(discard));
      throw error;
    }
    await syncFolders(touched);
  }

  async #prepare(item: Item, written: string[]): Promise<Prepared> {
    const made = makeFolder(dirname(item.target));
    const ready = 'path' in item ? syncReady(item) : this.#write(item.bytes, written);
    const [above, path] = await both(made, ready);
    return { path, above };
  }

  async #write(bytes: string | Buffer, written: string[]): Promise<string> {
    const path = this.path();
    written.push(path);
    await writeSynced(path, bytes);
    return path;
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

async function syncReady({
  path,
  file,
}: {
  readonly path: string;
  readonly file?: FileHandle;
}): Promise<string> {
  if (file !== undefined) await diskSyncs.run(() => file.sync());
  return path;
}
