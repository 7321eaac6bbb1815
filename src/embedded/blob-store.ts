import { open, readFile, stat, utimes } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { digestOf } from './digest.ts';
import type { Digest } from './digest.ts';
import { ifAny, isThere, readLink, removeLink } from './durable.ts';
import type { Staging } from './durable.ts';
import type { Paths } from './paths.ts';

export interface BlobStoreOptions {
  readonly paths: Paths;
  readonly staging: Staging;
  readonly now: () => Date;
  /** How long a blob that nothing refers to stays, in milliseconds. */
  readonly graceMs: number;
}

export interface OpenBlob {
  readonly file: FileHandle;
  readonly size: number;
}

/** A finished upload: a file of our own, and the handle it was written through. */
export interface Upload {
  readonly path: string;
  readonly file: FileHandle;
}

/** Blobs by digest, and the links that say which repositories hold them. */
export class BlobStore {
  readonly #options: BlobStoreOptions;

  constructor(options: BlobStoreOptions) {
    this.#options = options;
  }

  /** Opens a blob of a repository; undefined where the repository has none of that digest. */
  async open(repository: string, digest: Digest): Promise<OpenBlob | undefined> {
    const { paths } = this.#options;
    const [linked, found] = await Promise.all([
      isThere(paths.layer(repository, digest)),
      ifAny(open(paths.blob(digest))),
    ]);
    if (!linked) {
      await found?.close();
      return undefined;
    }
    const file = found ?? (await this.#openAlias(repository, digest));
    if (file === undefined) return undefined;
    try {
      return { file, size: (await file.stat()).size };
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /**
   * Size of a blob of a repository, or undefined. Whoever is told that it is there may rely on it for the time of grace:
   * an old blob is made young.
   */
  async size(repository: string, digest: Digest): Promise<number | undefined> {
    const { paths } = this.#options;
    const path = paths.blob(digest);
    const [linked, found] = await Promise.all([isThere(paths.layer(repository, digest)), ifAny(stat(path))]);
    if (!linked) return undefined;
    if (found !== undefined) return (await this.#renew(path, found.mtimeMs)) ? found.size : undefined;
    const alias = await this.#openAlias(repository, digest);
    if (alias === undefined) return undefined;
    return alias.stat().then(
      ({ size }) => alias.close().then(() => size),
      (error: unknown) => alias.close().then(() => Promise.reject(error)),
    );
  }

  /** Whether the bytes of a blob are there, in whatever repository. */
  async isStored(digest: Digest): Promise<boolean> {
    return isThere(this.#options.paths.blob(digest));
  }

  /** Makes a stored blob one of a repository too. */
  async link(repository: string, digest: Digest): Promise<void> {
    const { paths, staging } = this.#options;
    await staging.put(paths.layer(repository, digest), digest.text);
  }

  /** Takes a blob out of a repository; the bytes stay until nothing refers to them. False where there was none. */
  async unlink(repository: string, digest: Digest): Promise<boolean> {
    return removeLink(this.#options.paths.layer(repository, digest));
  }

  /**
   * Turns an upload whose digest was verified into a blob of a repository. Bytes first, then the link, each forced to
   * the disk: whatever happens in between leaves a whole blob or none.
   */
  async commit(upload: Upload, repository: string, digest: Digest): Promise<void> {
    const { paths, staging, now } = this.#options;
    await upload.file.utimes(now(), now());
    await upload.file.sync();
    await staging.putAll([
      { target: paths.blob(digest), path: upload.path },
      { target: paths.layer(repository, digest), bytes: digest.text },
    ]);
  }

  /** The bytes of a stored blob, verified; undefined where there are none. For manifests. */
  async read(digest: Digest): Promise<Buffer | undefined> {
    const bytes = await ifAny(readFile(this.#options.paths.blob(digest)));
    if (bytes !== undefined && digestOf(digest.algorithm, bytes).hex !== digest.hex) {
      throw new Error('a manifest on the disk is not what its digest says');
    }
    return bytes;
  }

  /** Another registry keeps what was pushed as sha512 under its sha256, and says so in the link. */
  async #openAlias(repository: string, digest: Digest): Promise<FileHandle | undefined> {
    const { paths } = this.#options;
    const target = await readLink(paths.layer(repository, digest));
    if (target === undefined || target.text === digest.text) return undefined;
    return ifAny(open(paths.blob(target)));
  }

  /** False where the blob was taken away at this moment. On a read-only disk nothing is collected either. */
  async #renew(path: string, mtimeMs: number): Promise<boolean> {
    const { now, graceMs } = this.#options;
    const time = now();
    if (time.getTime() - mtimeMs < graceMs / 2) return true;
    try {
      return (await ifAny(utimes(path, time, time).then(() => true))) ?? false;
    } catch {
      return true;
    }
  }
}
