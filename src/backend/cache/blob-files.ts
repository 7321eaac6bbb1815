import { randomBytes } from 'node:crypto';
import { open, readdir, rename, rm, stat, statfs, unlink, utimes, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from '../../lib/errors.ts';
import { ALGORITHMS, parseDigest, type Digest } from '../../oci/digest.ts';
import type { OpenBlob } from '../reply/blob-reply.ts';
import { FILLING, makeFolders, makeRoot } from './root.ts';
import { UseOrder, type UsedFile } from './use-order.ts';

interface BlobFilesOptions {
  readonly directory: string;
  /** The most bytes of all blobs together. */
  readonly limit: number;
  readonly now: () => Date;
}

/** A file that is being filled. */
export interface Draft {
  readonly path: string;
  readonly file: FileHandle;
  readonly size: number;
}

/** The time of a use is written to the disk at most this often. */
const MARK_MS = 60_000;
/**
 * File systems round times. Only a file time later than ours by more than this means that another process has used the
 * blob.
 */
const SAME_USE_MS = 2000;
/** Free space that the cache leaves to other programs. */
const LEAST_FREE_BYTES = 64 * 1024 * 1024;
/** After this share of the limit was added, the directory is scanned again, since other processes add blobs too. */
const SCAN_SHARE = 0.01;
/** The most files, whatever their size: each takes some 300 bytes of memory. */
const MOST_FILES = 100_000;

/**
 * Blobs by digest in a directory: `sha256/HEX`, `sha384/HEX`, `sha512/HEX`, and incomplete ones in `filling/`. A blob
 * is renamed to its path once it is complete, verified and synced, so every file there is right. The files are the only
 * state; memory holds the order of eviction, and any number of processes may each hold one.
 */
export class BlobFiles {
  readonly #options: BlobFilesOptions;
  readonly #order = new UseOrder();
  #turn: Promise<unknown> = Promise.resolve();
  #syncing: Promise<unknown> = Promise.resolve();
  #reserved = 0;
  /** Bytes added since the last scan. Before the first scan every file is unknown. */
  #added = Infinity;
  #evictions = 0;

  /** Throws AppError FILE_UNWRITABLE. */
  static async open(options: BlobFilesOptions): Promise<BlobFiles> {
    const files = new BlobFiles(options);
    await makeRoot(options.directory);
    void files.#exclusively(() => files.#makeRoom(0)).catch(() => undefined);
    return files;
  }

  private constructor(options: BlobFilesOptions) {
    this.#options = options;
  }

  get residentBytes(): number {
    return this.#order.bytes;
  }

  get evictions(): number {
    return this.#evictions;
  }

  /** Opens a blob. Returns undefined if it is not in the cache. */
  async find(digest: Digest): Promise<OpenBlob | undefined> {
    const file = await ifExists(open(this.#pathOf(digest)));
    if (file === undefined) return undefined;
    try {
      const { size } = await file.stat();
      this.#noteUse(nameOf(digest), size);
      return { file, size };
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  async size(digest: Digest): Promise<number | undefined> {
    return (await ifExists(stat(this.#pathOf(digest))))?.size;
  }

  /** Creates a file for a blob of this size. Returns undefined if it does not fit. Rejects if the disk fails. */
  async draft(size: number): Promise<Draft | undefined> {
    return this.#withFolders(() => this.#draft(size));
  }

  /** Another program may have emptied the directory. */
  async #withFolders<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (systemCode(error) !== 'ENOENT') throw error;
      await makeFolders(this.#options.directory);
      return work();
    }
  }

  async #draft(size: number): Promise<Draft | undefined> {
    const hasRoom = await this.#exclusively(async () => {
      if (!(await this.#makeRoom(size)) || !(await this.#isFree(size))) return false;
      this.#reserved += size;
      return true;
    });
    if (!hasRoom) return undefined;
    const path = join(this.#options.directory, FILLING, randomBytes(12).toString('hex'));
    try {
      return { path, size, file: await open(path, 'wx+', 0o600) };
    } catch (error) {
      this.#reserved -= size;
      throw error;
    }
  }

  /**
   * Moves a complete draft to the path of its blob. Rejects if the disk fails. The draft no longer exists in either
   * case.
   */
  async keep(draft: Draft, digest: Digest): Promise<void> {
    try {
      // One at a time: each blocks one of the few threads that reads need too.
      this.#syncing = this.#syncing.then(
        () => draft.file.datasync(),
        () => draft.file.datasync(),
      );
      await this.#syncing;
      await this.#withFolders(() => rename(draft.path, this.#pathOf(digest)));
      this.#added += draft.size;
      this.#order.use({ name: nameOf(digest), size: draft.size, usedAt: this.#time() });
    } catch (error) {
      await rm(draft.path, { force: true }).catch(() => undefined);
      throw error;
    } finally {
      this.#reserved -= draft.size;
    }
  }

  /** Removes an incomplete draft. */
  async discard(draft: Draft): Promise<void> {
    this.#reserved -= draft.size;
    await rm(draft.path, { force: true }).catch(() => undefined);
  }

  /** Removes a blob with wrong content. */
  async drop(digest: Digest): Promise<void> {
    this.#order.remove(nameOf(digest));
    await rm(this.#pathOf(digest), { force: true });
  }

  #noteUse(name: string, size: number): void {
    const now = this.#time();
    const before = this.#order.get(name);
    const isMarked = before !== undefined && now - before.usedAt < MARK_MS;
    // The time on the disk counts, for the next start and for other processes.
    this.#order.use({ name, size, usedAt: isMarked ? before.usedAt : now });
    if (!isMarked) void utimes(this.#path(name), now / 1000, now / 1000).catch(() => undefined);
  }

  /** Evicts blobs until this many bytes fit. Returns false if they can't. */
  async #makeRoom(size: number): Promise<boolean> {
    const { limit } = this.#options;
    if (size + this.#reserved > limit) return false;
    if (this.#added > limit * SCAN_SHARE) await this.#scan();
    while (this.#order.bytes + this.#reserved + size > limit || this.#order.files >= MOST_FILES) {
      const oldest = this.#order.oldest();
      if (oldest === undefined) return false;
      await this.#evict(oldest);
    }
    return true;
  }

  async #evict({ name, size, usedAt }: UsedFile): Promise<void> {
    const found = await ifExists(stat(this.#path(name)));
    if (found !== undefined && found.mtimeMs > usedAt + SAME_USE_MS) {
      this.#order.use({ name, size, usedAt: found.mtimeMs });
      return;
    }
    this.#order.remove(name);
    if (found === undefined) return;
    await ifExists(unlink(this.#path(name)));
    this.#evictions += 1;
  }

  async #isFree(size: number): Promise<boolean> {
    const { bavail, bsize } = await statfs(this.#options.directory);
    if (bavail * bsize >= size + LEAST_FREE_BYTES) return true;
    throw Object.assign(new Error('too little space left'), { code: 'ENOSPC' });
  }

  /** Reads what is in the directory, including files of other processes. */
  async #scan(): Promise<void> {
    this.#added = 0;
    const entries: UsedFile[] = [];
    for (const algorithm of ALGORITHMS) {
      for (const hex of await readdir(this.#path(algorithm))) {
        const digest = parseDigest(`${algorithm}:${hex}`);
        if (digest === undefined) continue;
        const found = await ifExists(stat(this.#pathOf(digest)));
        if (found === undefined) continue;
        entries.push({ name: nameOf(digest), size: found.size, usedAt: found.mtimeMs });
      }
    }
    this.#order.replace(entries);
  }

  #exclusively<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work, work);
    this.#turn = done.catch(() => undefined);
    return done;
  }

  #time(): number {
    return this.#options.now().getTime();
  }

  #path(name: string): string {
    return join(this.#options.directory, name);
  }

  #pathOf(digest: Digest): string {
    return this.#path(nameOf(digest));
  }
}

function nameOf({ algorithm, hex }: Digest): string {
  return `${algorithm}/${hex}`;
}

async function ifExists<T>(result: Promise<T>): Promise<T | undefined> {
  try {
    return await result;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
