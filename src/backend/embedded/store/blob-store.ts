import { open, readFile, stat, utimes } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import type { Digest } from '../../../oci/digest.ts';
import { ifAny, isThere, readLink, removeLink } from '../disk/durable.ts';
import type { Staging } from '../disk/staging.ts';
import { digestOfLarge } from './large-digest.ts';
import type { Paths } from '../disk/paths.ts';

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

/**
 * Blobs by digest, and the links that say which repositories hold them. The link is asked for first, always: whoever asks
 * in a repository without it learns nothing of the blobs of others, not by the time that an answer takes, and keeps none
 * of them young.
 */
export class BlobStore {
  readonly #options: BlobStoreOptions;

  constructor(options: BlobStoreOptions) {
    this.#options = options;
  }

  /** Opens a blob of a repository; undefined where the repository has none of that digest. */
  async open(repository: string, digest: Digest): Promise<OpenBlob | undefined> {
    const link = this.#options.paths.layer(repository, digest);
    if (!(await isThere(link))) return undefined;
    const file = (await this.#open(digest)) ?? (await this.#openAlias(link, digest));
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
    const link = this.#options.paths.layer(repository, digest);
    if (!(await isThere(link))) return undefined;
    const size = await this.#size(digest);
    if (size !== undefined) return size;
    const alias = await aliasOf(link, digest);
    return alias === undefined ? undefined : this.#size(alias);
  }

  /** Makes a blob of one repository one of another too. Its link says where the bytes are, as that of the first one does. */
  async link(repository: string, digest: Digest, from: string): Promise<void> {
    const { paths, staging } = this.#options;
    const target = await this.target(from, digest);
    await staging.put(paths.layer(repository, digest), target.text);
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
    await staging.putAll([
      { target: paths.blob(digest), path: upload.path, file: upload.file },
      { target: paths.layer(repository, digest), bytes: digest.text },
    ]);
  }

  /** The size of a stored blob, in whatever repository; undefined where there is none. */
  async storedSize(digest: Digest): Promise<number | undefined> {
    return (await ifAny(stat(this.#options.paths.blob(digest))))?.size;
  }

  /** The bytes of a stored blob, verified; undefined where there are none. For manifests: a larger blob is not read. */
  async read(digest: Digest, largest: number): Promise<Buffer | undefined> {
    const path = this.#options.paths.blob(digest);
    const found = await ifAny(stat(path));
    if (found === undefined) return undefined;
    if (found.size > largest) throw new Error('a manifest on the disk is larger than any that is taken');
    const bytes = await ifAny(readFile(path));
    if (bytes !== undefined && (await digestOfLarge(digest.algorithm, bytes)).hex !== digest.hex) {
      throw new Error('a manifest on the disk is not what its digest says');
    }
    return bytes;
  }

  /** Where the bytes of a digest are, for a repository: here, or under another digest that its link names. */
  async target(repository: string, digest: Digest): Promise<Digest> {
    const { paths } = this.#options;
    if (await isThere(paths.blob(digest))) return digest;
    return (await aliasOf(paths.layer(repository, digest), digest)) ?? digest;
  }

  /** A blob may be with the collector for a moment: there it is looked for too, and then once more where it belongs. */
  #places(digest: Digest): readonly string[] {
    const { paths } = this.#options;
    return [paths.blob(digest), paths.collected(digest), paths.blob(digest)];
  }

  async #open(digest: Digest): Promise<FileHandle | undefined> {
    for (const path of this.#places(digest)) {
      const file = await ifAny(open(path));
      if (file !== undefined) return file;
    }
    return undefined;
  }

  async #size(digest: Digest): Promise<number | undefined> {
    const limbo = this.#options.paths.collected(digest);
    for (const path of this.#places(digest)) {
      const found = await ifAny(stat(path));
      if (found === undefined) continue;
      // With the collector it stays only if it is made young there, however young it was.
      const age = path === limbo ? Number.POSITIVE_INFINITY : this.#options.now().getTime() - found.mtimeMs;
      if (await this.#renew(path, age)) return found.size;
    }
    return undefined;
  }

  async #openAlias(link: string, digest: Digest): Promise<FileHandle | undefined> {
    const alias = await aliasOf(link, digest);
    return alias === undefined ? undefined : this.#open(alias);
  }

  /** False where the blob was taken away at this moment. On a read-only disk nothing is collected either. */
  async #renew(path: string, ageMs: number): Promise<boolean> {
    const { now, graceMs } = this.#options;
    if (ageMs < graceMs / 2) return true;
    try {
      return (await ifAny(utimes(path, now(), now()).then(() => true))) ?? false;
    } catch {
      return true;
    }
  }
}

/** Another registry keeps what was pushed as sha512 under its sha256, and says so in the link. */
async function aliasOf(link: string, digest: Digest): Promise<Digest | undefined> {
  const target = await readLink(link);
  return target?.text === digest.text ? undefined : target;
}
