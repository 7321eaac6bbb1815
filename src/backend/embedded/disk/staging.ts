import { randomBytes } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { diskSyncs } from '../../../lib/files/disk-sync.ts';
import { both, discard, isRenamed, move, whenAll, writeSynced } from './durable.ts';
import { makeFolder, syncFolder, syncFolders } from './folders.ts';

/**
 * A file for a target path: its bytes, or the path of a finished file on the same file system. `file` is set if the
 * finished file is still open and not synced yet.
 */
type Item = { readonly target: string } & (
  | { readonly bytes: string | Buffer }
  | { readonly path: string; readonly file?: FileHandle }
);

interface Prepared {
  readonly path: string;
  /** Parent folders of the target in which a new folder was created. */
  readonly above: readonly string[];
}

/** Creates files and folders aside and moves them to their targets by rename. */
export class Staging {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** Returns a new unique path. */
  path(): string {
    return `${this.folder}/${randomBytes(12).toString('hex')}`;
  }

  /** Creates or replaces a small file atomically. */
  async put(target: string, bytes: string | Buffer): Promise<void> {
    await this.putAll([{ target, bytes }]);
  }

  /**
   * Moves several files to their targets, in this order. It waits for the disk twice, whatever their number: once for
   * all contents, before the first rename, and once for all folders. Everything that can fail for lack of space is done
   * before the first rename.
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

  /** Removes a file or folder atomically. Returns false if it did not exist. */
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
