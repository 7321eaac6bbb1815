import { opendir, readdir, stat } from 'node:fs/promises';
import { isNotFound } from './durable.ts';
import { forEachInSlices, sortInSlices } from '../../../oci/manifest/slices.ts';

interface DirectoryCacheOptions {
  /** Whether a name is listed. */
  readonly accepts: (name: string) => boolean;
  /** The most bytes of names kept at one time, over all folders. */
  readonly mostBytes: number;
  readonly now: () => Date;
}

interface CachedNames {
  readonly names: readonly string[];
  readonly bytes: number;
  /** Inode and mtime at the time of reading; undefined if the folder may have changed within the same clock tick. */
  readonly mark: string | undefined;
}

/** Reads of one folder: the current one, and the next, which all callers share that arrive during the current one. */
interface Reads {
  now: Promise<readonly string[]>;
  next: Promise<readonly string[]> | undefined;
}

const FINE_TICK_MS = 100;
const COARSE_TICK_MS = 2100;
/** Folders larger than this are read in pieces: slower in total, but other work runs in between. */
const LARGE_FOLDER_BYTES = 2 * 1024 * 1024;
const PIECE = 1024;
/** Memory that a name takes besides its characters. */
const NAME_BYTES = 32;

/**
 * Sorted names of folders, read again only when the folder's mtime has changed: one `stat` for an unchanged folder,
 * even if other processes write to it. A folder that was read right after a change is read again next time, since a
 * second change within one tick of the file system's clock leaves no trace. Unchanged names are returned as the same
 * array.
 */
export class DirectoryCache {
  readonly #options: DirectoryCacheOptions;
  readonly #entries = new Map<string, CachedNames>();
  readonly #reads = new Map<string, Reads>();
  #bytes = 0;

  constructor(options: DirectoryCacheOptions) {
    this.#options = options;
  }

  /** Returns the names in a folder in byte order, or undefined if the folder does not exist. */
  async list(path: string): Promise<readonly string[] | undefined> {
    try {
      const { ino, mtimeNs, size } = await stat(path, { bigint: true });
      const mark = `${ino}:${mtimeNs}`;
      const known = this.#entries.get(path);
      if (known?.mark === mark) {
        this.#keep(path, known);
        return known.names;
      }
      const settled = this.#isSettled(mtimeNs);
      return await this.#readOnce(path, () =>
        this.#read(path, { isLarge: size > LARGE_FOLDER_BYTES, mark: settled ? mark : undefined }),
      );
    } catch (error) {
      if (!isNotFound(error)) throw error;
      this.#remove(path);
      return undefined;
    }
  }

  /** Returns names read after this call began. Reads each folder once at a time. */
  async #readOnce(path: string, read: () => Promise<readonly string[]>): Promise<readonly string[]> {
    const reads = this.#reads.get(path);
    if (reads !== undefined) {
      reads.next ??= reads.now.catch(() => []).then(() => this.#begin(path, read));
      return reads.next;
    }
    return this.#begin(path, read);
  }

  async #begin(path: string, read: () => Promise<readonly string[]>): Promise<readonly string[]> {
    const reads: Reads = { now: read(), next: undefined };
    this.#reads.set(path, reads);
    try {
      return await reads.now;
    } finally {
      if (reads.next === undefined) this.#reads.delete(path);
    }
  }

  async #read(
    path: string,
    { isLarge, mark }: { readonly isLarge: boolean; readonly mark: string | undefined },
  ): Promise<readonly string[]> {
    const accepted: string[] = [];
    let bytes = path.length + NAME_BYTES;
    const take = (name: string): void => {
      if (!this.#options.accepts(name)) return;
      accepted.push(name);
      bytes += name.length + NAME_BYTES;
    };
    if (isLarge) for await (const { name } of await opendir(path, { bufferSize: PIECE })) take(name);
    else await forEachInSlices(await readdir(path), take);
    const names = await sortInSlices(accepted);
    this.#keep(path, { names, bytes, mark });
    return names;
  }

  #isSettled(mtimeNs: bigint): boolean {
    const age = this.#options.now().getTime() - Number(mtimeNs / 1_000_000n);
    return age > (mtimeNs % 1_000_000_000n === 0n ? COARSE_TICK_MS : FINE_TICK_MS);
  }

  /** Stores an entry as the most recently used one and evicts the least recently used ones. */
  #keep(path: string, entry: CachedNames): void {
    this.#remove(path);
    this.#entries.set(path, entry);
    this.#bytes += entry.bytes;
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= this.#options.mostBytes) break;
      this.#remove(oldest);
    }
  }

  #remove(path: string): void {
    const entry = this.#entries.get(path);
    if (entry === undefined) return;
    this.#entries.delete(path);
    this.#bytes -= entry.bytes;
  }
}

/** Returns the index of the first of the sorted names that follows `last`. */
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
