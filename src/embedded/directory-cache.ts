import { readdir, stat } from 'node:fs/promises';
import { isAbsence } from './durable.ts';

export interface DirectoryCacheOptions {
  /** Which names count. */
  readonly accepts: (name: string) => boolean;
  /** Most names that are kept at one time, over all folders. */
  readonly maxNames: number;
  readonly now: () => Date;
}

interface Entry {
  readonly names: readonly string[];
  /** Inode and mtime at the time of reading; undefined where the folder may have changed within the same tick. */
  readonly mark: string | undefined;
}

const FINE_TICK_MS = 100;
const COARSE_TICK_MS = 2100;

/**
 * Sorted names of folders, read again only when the folder's mtime says so: one `stat` for a folder that did not
 * change, whoever else writes there. A folder that was read right after it changed is read again next time, since a
 * second change within one tick of the file system's clock leaves no trace.
 */
export class DirectoryCache {
  readonly #options: DirectoryCacheOptions;
  readonly #entries = new Map<string, Entry>();
  #names = 0;

  constructor(options: DirectoryCacheOptions) {
    this.#options = options;
  }

  /** The names in a folder, in byte order; undefined where there is none. */
  async list(path: string): Promise<readonly string[] | undefined> {
    try {
      const { ino, mtimeNs } = await stat(path, { bigint: true });
      const mark = `${ino}:${mtimeNs}`;
      const known = this.#entries.get(path);
      if (known?.mark === mark) {
        this.#keep(path, known);
        return known.names;
      }
      const settled = this.#isSettled(mtimeNs);
      const names = (await readdir(path)).filter(this.#options.accepts).sort();
      this.#keep(path, { names, mark: settled ? mark : undefined });
      return names;
    } catch (error) {
      if (!isAbsence(error)) throw error;
      this.#drop(path);
      return undefined;
    }
  }

  #isSettled(mtimeNs: bigint): boolean {
    const age = this.#options.now().getTime() - Number(mtimeNs / 1_000_000n);
    return age > (mtimeNs % 1_000_000_000n === 0n ? COARSE_TICK_MS : FINE_TICK_MS);
  }

  /** Puts an entry at the young end; the ones not asked for in longest make room. */
  #keep(path: string, entry: Entry): void {
    this.#drop(path);
    this.#entries.set(path, entry);
    this.#names += entry.names.length + 1;
    for (const oldest of this.#entries.keys()) {
      if (this.#names <= this.#options.maxNames || oldest === path) break;
      this.#drop(oldest);
    }
  }

  #drop(path: string): void {
    const entry = this.#entries.get(path);
    if (entry === undefined) return;
    this.#entries.delete(path);
    this.#names -= entry.names.length + 1;
  }
}

/** Where in sorted names those begin that come after `last`. */
export function indexAfter(names: readonly string[], last: string): number {
  let low = 0;
  let high = names.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((names[middle] ?? '') <= last) low = middle + 1;
    else high = middle;
  }
  return low;
}
