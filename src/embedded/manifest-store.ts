import { setTimeout as pause } from 'node:timers/promises';
import type { BlobStore } from './blob-store.ts';
import type { Digest } from '../registry/digest.ts';
import { isThere, removeLink } from './durable.ts';
import type { Staging } from './staging.ts';
import { inTurn } from './in-turn.ts';
import { readManifest } from './manifest.ts';
import type { Manifest } from './manifest.ts';
import type { Paths } from './paths.ts';

export interface ManifestStoreOptions {
  readonly paths: Paths;
  readonly staging: Staging;
  readonly blobs: BlobStore;
}

export interface StoredManifest {
  readonly bytes: Buffer;
  /** Undefined for content that is no manifest known to us. */
  readonly manifest: Manifest | undefined;
}

const CACHE_BYTES = 32 * 1024 * 1024;
const LOOKS = 4;
const BETWEEN_LOOKS_MS = 50;

/** Manifests by digest, and the links that say which repositories hold them. */
export class ManifestStore {
  readonly #paths: Paths;
  readonly #staging: Staging;
  readonly #blobs: BlobStore;
  readonly #cache = new Map<string, StoredManifest>();
  #cachedBytes = 0;

  constructor({ paths, staging, blobs }: ManifestStoreOptions) {
    this.#paths = paths;
    this.#staging = staging;
    this.#blobs = blobs;
  }

  async has(repository: string, digest: Digest): Promise<boolean> {
    return isThere(this.#paths.revision(repository, digest));
  }

  /** A manifest of a repository; undefined where it holds none of that digest. */
  async get(repository: string, digest: Digest): Promise<StoredManifest | undefined> {
    return (await this.has(repository, digest)) ? this.read(digest) : undefined;
  }

  /** A manifest in whatever repository. What a digest names never changes, so that it is read once. */
  async read(digest: Digest): Promise<StoredManifest | undefined> {
    const known = this.#cache.get(digest.text);
    if (known !== undefined) {
      this.#keep(digest, known);
      return known;
    }
    const bytes = await this.#blobs.read(digest);
    if (bytes === undefined) return undefined;
    const stored = { bytes, manifest: readManifest(bytes) };
    this.#keep(digest, stored);
    return stored;
  }

  /** Whether all blobs that a manifest needs are in the repository. */
  async isComplete(repository: string, manifest: Manifest): Promise<boolean> {
    return this.#all(
      manifest.blobs,
      async (digest) => (await this.#blobs.size(repository, digest)) !== undefined,
    );
  }

  /**
   * Stores a manifest. The link comes first and the look at its blobs after it: who collects garbage takes a blob away
   * first and looks for new links after that, so that one of the two sees the other. False where a blob has gone.
   */
  async put(
    repository: string,
    digest: Digest,
    stored: StoredManifest & { manifest: Manifest },
  ): Promise<boolean> {
    const link = this.#paths.revision(repository, digest);
    const before = await isThere(link);
    await this.#staging.putAll([
      { target: this.#paths.blob(digest), bytes: stored.bytes },
      { target: link, bytes: digest.text },
    ]);
    for (let look = 1; !(await this.isComplete(repository, stored.manifest)); look += 1) {
      if (look < LOOKS) await pause(BETWEEN_LOOKS_MS);
      else {
        if (!before) await removeLink(link);
        return false;
      }
    }
    this.#keep(digest, stored);
    return true;
  }

  /** Takes a manifest out of a repository. False where there was none. */
  async remove(repository: string, digest: Digest): Promise<boolean> {
    return removeLink(this.#paths.revision(repository, digest));
  }

  async #all(digests: readonly Digest[], test: (digest: Digest) => Promise<boolean>): Promise<boolean> {
    let all = true;
    const different = new Map(digests.map((digest) => [digest.text, digest]));
    await inTurn(different.values(), async (digest) => {
      if (all && !(await test(digest))) all = false;
    });
    return all;
  }

  #keep(digest: Digest, stored: StoredManifest): void {
    const known = this.#cache.get(digest.text);
    if (known === undefined) this.#cachedBytes += stored.bytes.length;
    this.#cache.delete(digest.text);
    this.#cache.set(digest.text, stored);
    for (const [text, { bytes }] of this.#cache) {
      if (this.#cachedBytes <= CACHE_BYTES) break;
      this.#cache.delete(text);
      this.#cachedBytes -= bytes.length;
    }
  }
}
