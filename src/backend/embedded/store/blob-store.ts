import { open, readFile, stat, utimes, type FileHandle } from 'node:fs/promises';
import type { Digest } from '../../../oci/digest.ts';
import { ifExists, exists, readLink, removeLink } from '../disk/durable.ts';
import type { Staging } from '../disk/staging.ts';
import { digestOfLarge } from './large-digest.ts';
import type { Paths } from '../disk/paths.ts';
import type { OpenBlob } from '../../reply/blob-reply.ts';

interface BlobStoreOptions {
  readonly paths: Paths;
  readonly staging: Staging;
  readonly now: () => Date;
  /** How long an unreferenced blob stays, in milliseconds. */
  readonly graceMs: number;
}

/** A finished upload: its file, and the handle it was written through. */
interface Upload {
  readonly path: string;
  readonly file: FileHandle;
}

/**
 * Blobs by digest, and the links that say which repositories hold them. The link is always read first: a request to a
 * repository without the blob learns nothing about blobs of other repositories, not even from timing, and renews none
 * of them.
 */
export class BlobStore {
  readonly #options: BlobStoreOptions;

  constructor(options: BlobStoreOptions) {
    this.#options = options;
  }

  /** Opens a blob of a repository. Returns undefined if the repository has no blob of that digest. */
  async open(repository: string, digest: Digest): Promise<OpenBlob | undefined> {
    const link = this.#options.paths.layer(repository, digest);
    if (!(await exists(link))) return undefined;
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
   * Returns the size of a blob of a repository, or undefined. A client that is told the blob exists may rely on it for
   * the grace period, so an old blob is renewed.
   */
  async size(repository: string, digest: Digest): Promise<number | undefined> {
    const link = this.#options.paths.layer(repository, digest);
    if (!(await exists(link))) return undefined;
    const size = await this.#size(digest);
    if (size !== undefined) return size;
    const alias = await aliasOf(link, digest);
    return alias === undefined ? undefined : this.#size(alias);
  }

  /** Adds a blob of one repository to another one. The new link names the same stored digest as the old one. */
  async link(repository: string, digest: Digest, from: string): Promise<void> {
    const { paths, staging } = this.#options;
    const target = await this.target(from, digest);
    await staging.put(paths.layer(repository, digest), target.text);
  }

  /**
   * Removes a blob from a repository. The bytes stay until nothing refers to them. Returns false if there was no blob.
   */
  async unlink(repository: string, digest: Digest): Promise<boolean> {
    return removeLink(this.#options.paths.layer(repository, digest));
  }

  /**
   * Turns an upload whose digest was verified into a blob of a repository. The bytes come first, then the link, each
   * synced: a crash in between leaves a whole blob or none.
   */
  async commit(upload: Upload, repository: string, digest: Digest): Promise<void> {
    const { paths, staging, now } = this.#options;
    await upload.file.utimes(now(), now());
    await staging.putAll([
      { target: paths.blob(digest), path: upload.path, file: upload.file },
      { target: paths.layer(repository, digest), bytes: digest.text },
    ]);
  }

  /** Returns the size of a stored blob of any repository, or undefined. */
  async storedSize(digest: Digest): Promise<number | undefined> {
    return (await ifExists(stat(this.#options.paths.blob(digest))))?.size;
  }

  /** Returns the verified bytes of a stored blob, or undefined. For manifests: larger blobs are not read. */
  async read(digest: Digest, largest: number): Promise<Buffer | undefined> {
    const path = this.#options.paths.blob(digest);
    const found = await ifExists(stat(path));
    if (found === undefined) return undefined;
    if (found.size > largest) throw new Error('a manifest on the disk is larger than any that is taken');
    const bytes = await ifExists(readFile(path));
    if (bytes !== undefined && (await digestOfLarge(digest.algorithm, bytes)).hex !== digest.hex) {
      throw new Error('a manifest on the disk is not what its digest says');
    }
    return bytes;
  }

  /** Returns the digest under which a blob of a repository is stored: this one, or another one that its link names. */
  async target(repository: string, digest: Digest): Promise<Digest> {
    const { paths } = this.#options;
    if (await exists(paths.blob(digest))) return digest;
    return (await aliasOf(paths.layer(repository, digest), digest)) ?? digest;
  }

  /**
   * The garbage collector may have moved a blob aside and may put it back at any moment, so both paths are tried, and
   * the first one again.
   */
  #candidates(digest: Digest): readonly string[] {
    const { paths } = this.#options;
    return [paths.blob(digest), paths.collected(digest), paths.blob(digest)];
  }

  async #open(digest: Digest): Promise<FileHandle | undefined> {
    for (const path of this.#candidates(digest)) {
      const file = await ifExists(open(path));
      if (file !== undefined) return file;
    }
    return undefined;
  }

  async #size(digest: Digest): Promise<number | undefined> {
    const aside = this.#options.paths.collected(digest);
    for (const path of this.#candidates(digest)) {
      const found = await ifExists(stat(path));
      if (found === undefined) continue;
      // A blob that the collector has moved aside stays only if it is renewed there, whatever its age.
      const age = path === aside ? Number.POSITIVE_INFINITY : this.#options.now().getTime() - found.mtimeMs;
      if (await this.#renew(path, age)) return found.size;
    }
    return undefined;
  }

  async #openAlias(link: string, digest: Digest): Promise<FileHandle | undefined> {
    const alias = await aliasOf(link, digest);
    return alias === undefined ? undefined : this.#open(alias);
  }

  /** Returns false if the blob was removed at this moment. On a read-only disk nothing is collected either. */
  async #renew(path: string, ageMs: number): Promise<boolean> {
    const { now, graceMs } = this.#options;
    if (ageMs < graceMs / 2) return true;
    try {
      return (await ifExists(utimes(path, now(), now()).then(() => true))) ?? false;
    } catch {
      return true;
    }
  }
}

/** Another registry may store content pushed as sha512 under its sha256, and name that in the link. */
async function aliasOf(link: string, digest: Digest): Promise<Digest | undefined> {
  const target = await readLink(link);
  return target?.text === digest.text ? undefined : target;
}
