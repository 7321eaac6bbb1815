import { setTimeout as pause } from 'node:timers/promises';
import type { BlobStore } from './blob-store.ts';
import type { Digest } from '../../../oci/digest.ts';
import { ByteSemaphore } from './byte-semaphore.ts';
import { exists, readLink, removeLink } from '../disk/durable.ts';
import type { Staging } from '../disk/staging.ts';
import { concurrentForEach } from '../../../lib/concurrent-for-each.ts';
import { digestOfLarge } from './large-digest.ts';
import { judgeManifest, type Manifest, type ManifestOutcome } from '../../../oci/manifest/manifest.ts';
import { ManifestCache, type StoredManifest } from './manifest-cache.ts';
import { BodyMemory } from './memory-sink.ts';
import type { Paths } from '../disk/paths.ts';
import { readStoredManifest, type ManifestReading } from './stored-manifest.ts';

interface ManifestStoreOptions {
  readonly paths: Paths;
  readonly staging: Staging;
  readonly blobs: BlobStore;
  /** The largest manifest accepted, in bytes. Default: 4 MiB. */
  readonly largest?: number | undefined;
}

/** A stored manifest with all that it references. */
export interface Inspected {
  readonly size: number;
  readonly reading: ManifestReading;
}

interface Loaded {
  readonly bytes: Buffer;
  readonly reading: ManifestReading;
}

/** The largest manifest that distribution accepts. */
const LARGEST = 4 * 1024 * 1024;
/**
 * The most bytes of large manifests that are parsed at one time: one of 4 MiB, so that each turn of the event loop
 * holds a slice of one. The parsed form takes up to eight times as much. Small manifests do not wait for large ones.
 */
const READ_AT_ONCE = 4 * 1024 * 1024;
const SMALL = 64 * 1024;
const CHECKS = 4;
const CHECK_INTERVAL_MS = 50;

/** Manifests by digest, and the links that say which repositories hold them. */
export class ManifestStore {
  /** Larger blobs are never read as manifests. */
  readonly largest: number;
  /** Memory for the bodies of manifests that are being pushed. */
  readonly bodies = new BodyMemory();
  readonly #paths: Paths;
  readonly #staging: Staging;
  readonly #blobs: BlobStore;
  readonly #cache = new ManifestCache();
  readonly #gate = new ByteSemaphore(READ_AT_ONCE);
  readonly #reading = new Map<string, Promise<StoredManifest | undefined>>();

  constructor({ paths, staging, blobs, largest = LARGEST }: ManifestStoreOptions) {
    this.#paths = paths;
    this.#staging = staging;
    this.#blobs = blobs;
    this.largest = Math.max(largest, LARGEST);
  }

  async has(repository: string, digest: Digest): Promise<boolean> {
    return exists(this.#paths.revision(repository, digest));
  }

  /** Returns a manifest of a repository, or undefined. */
  async get(repository: string, digest: Digest): Promise<StoredManifest | undefined> {
    if (!(await this.has(repository, digest))) return undefined;
    return (await this.#read(digest)) ?? this.#readAlias(repository, digest);
  }

  /** Returns the digest under which a manifest of a repository is stored: another registry may use another one. */
  async target(repository: string, digest: Digest): Promise<Digest> {
    if (await exists(this.#paths.blob(digest))) return digest;
    return (await readLink(this.#paths.revision(repository, digest))) ?? digest;
  }

  /** Returns all that a manifest references, or undefined if its bytes do not exist. Rejects if they can't be read. */
  async inspect(digest: Digest): Promise<Inspected | undefined> {
    const cached = this.#cache.get(digest);
    if (cached !== undefined) {
      const { bytes } = cached;
      return this.#limited(bytes.length, async () => ({
        size: bytes.length,
        reading: await readStoredManifest(bytes),
      }));
    }
    const loaded = await this.#load(digest);
    return loaded === undefined ? undefined : { size: loaded.bytes.length, reading: loaded.reading };
  }

  /**
   * Reports whether a manifest may refer to another one, without taking it apart: few do, and a repository has thousands.
   * Names may be spelt with escapes, and in any case.
   */
  async mayRefer(digest: Digest): Promise<boolean> {
    const size = await this.#blobs.storedSize(digest);
    if (size === undefined) return true;
    return this.#limited(size, async () => {
      const bytes = await this.#blobs.read(digest, this.largest);
      return bytes === undefined || /\\|"subject"|[\u0080-\u00ff]/i.test(bytes.toString('latin1'));
    });
  }

  /** Judges a manifest that a client sends. */
  async judge(bytes: Buffer, contentType: string | undefined): Promise<ManifestOutcome> {
    return this.#limited(bytes.length, () => judgeManifest(bytes, contentType));
  }

  /** Reports whether the repository holds all blobs that a manifest needs. */
  async isComplete(repository: string, manifest: Manifest): Promise<boolean> {
    const missing = { any: false };
    await concurrentForEach(untilMissing(manifest.blobs, missing), async (digest) => {
      if ((await this.#blobs.size(repository, digest)) === undefined) missing.any = true;
    });
    return !missing.any;
  }

  /**
   * Stores a manifest. The link is written first and the blobs are checked after it: the garbage collector moves a blob
   * aside first and looks for new links after that, so one of the two always sees the other. Returns false if a blob no
   * longer exists.
   */
  async put(
    repository: string,
    digest: Digest,
    { bytes, manifest }: { readonly bytes: Buffer; readonly manifest: Manifest },
  ): Promise<boolean> {
    const link = this.#paths.revision(repository, digest);
    const before = await exists(link);
    await this.#staging.putAll([
      { target: this.#paths.blob(digest), bytes },
      { target: link, bytes: digest.text },
    ]);
    for (let check = 1; !(await this.isComplete(repository, manifest)); check += 1) {
      if (check < CHECKS) await pause(CHECK_INTERVAL_MS);
      else {
        if (!before) await removeLink(link);
        return false;
      }
    }
    const { mediaType, subject, artifactType } = manifest;
    this.#cache.keep(digest, { bytes, mediaType, subject, artifactType });
    return true;
  }

  /** Removes a manifest from a repository. Returns false if there was none. */
  async remove(repository: string, digest: Digest): Promise<boolean> {
    return removeLink(this.#paths.revision(repository, digest));
  }

  /** Bytes of a digest never change, so concurrent requests share one read. */
  async #read(digest: Digest): Promise<StoredManifest | undefined> {
    const cached = this.#cache.get(digest);
    if (cached !== undefined) return cached;
    const begun = this.#reading.get(digest.text);
    if (begun !== undefined) return begun;
    const reading = this.#readNow(digest).finally(() => this.#reading.delete(digest.text));
    this.#reading.set(digest.text, reading);
    return reading;
  }

  async #readNow(digest: Digest): Promise<StoredManifest | undefined> {
    const loaded = await this.#load(digest);
    if (loaded === undefined) return undefined;
    const { mediaType, subject, artifactType } = loaded.reading.manifest;
    const stored = { bytes: loaded.bytes, mediaType, subject, artifactType };
    this.#cache.keep(digest, stored);
    return stored;
  }

  async #readAlias(repository: string, digest: Digest): Promise<StoredManifest | undefined> {
    const target = await readLink(this.#paths.revision(repository, digest));
    if (target === undefined || target.text === digest.text) return undefined;
    const stored = await this.#read(target);
    const isSame =
      stored === undefined || (await digestOfLarge(digest.algorithm, stored.bytes)).hex === digest.hex;
    if (!isSame) throw new Error('a link to a manifest leads to another one');
    return stored;
  }

  #limited<T>(bytes: number, work: () => Promise<T>): Promise<T> {
    return bytes <= SMALL ? work() : this.#gate.run(bytes, work);
  }

  async #load(digest: Digest): Promise<Loaded | undefined> {
    const size = await this.#blobs.storedSize(digest);
    if (size === undefined) return undefined;
    return this.#limited(size, async () => {
      const bytes = await this.#blobs.read(digest, this.largest);
      return bytes === undefined ? undefined : { bytes, reading: await readStoredManifest(bytes) };
    });
  }
}

/** Yields each digest once, until one is missing. */
function* untilMissing(
  digests: readonly Digest[],
  missing: { readonly any: boolean },
): Generator<Digest, void, undefined> {
  const seen = new Set<string>();
  for (const digest of digests) {
    if (missing.any) return;
    if (seen.has(digest.text)) continue;
    seen.add(digest.text);
    yield digest;
  }
}
