import { readdir, readFile, stat } from 'node:fs/promises';
import type { Digest } from '../../../oci/digest.ts';
import { ifExists, exists } from '../disk/durable.ts';
import { concurrentForEach } from '../../../lib/concurrent-for-each.ts';
import { isServed, referencesOf, type Manifest, type Reference } from '../../../oci/manifest/manifest.ts';
import type { Registry } from '../store/registry.ts';
import { unreadable, type ManifestReading } from '../store/stored-manifest.ts';

/** A manifest whose references are unknown, so that its repository keeps all its blobs. */
export interface Unreadable {
  readonly repository: string;
  readonly digest: string;
  readonly reason: string;
}

/** The most that a report names. */
const MOST_NAMED = 1000;

/**
 * What the garbage collector keeps: manifests, what they reference, and the digests under which those bytes are stored.
 */
export class KeepSet {
  /** The first manifests that could not be read. */
  readonly unreadable: Unreadable[] = [];
  readonly #registry: Registry;
  readonly #kept = new Set<string>();
  /** Digests whose bytes are stored under them, so that no link needs to be read. */
  readonly #storedAsIs = new Set<string>();
  /** Repositories that keep all their blobs. */
  readonly #whole = new Set<string>();
  /** Manifests that only an index names and that were read. */
  readonly #inner = new Set<string>();

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  has(digest: Digest): boolean {
    return this.#kept.has(digest.text);
  }

  /** Keeps a manifest of a repository and all that it references, or all blobs of the repository if that is unknown. */
  async addManifest(repository: string, digest: Digest): Promise<void> {
    const { manifests } = this.#registry;
    const target = await manifests.target(repository, digest);
    this.#kept.add(digest.text).add(target.text);
    const reading = await this.#read(target);
    if (reading === undefined) return;
    const { manifest, doubt } = reading;
    if (doubt !== undefined) await this.#keepAllOf(repository, digest, doubt);
    await this.#keepNeeds(repository, manifest);
  }

  /** Returns undefined if the bytes do not exist. */
  async #read(target: Digest): Promise<ManifestReading | undefined> {
    try {
      return (await this.#registry.manifests.inspect(target))?.reading;
    } catch {
      return unreadable("its bytes can't be read, or are not those of its digest");
    }
  }

  async #keepNeeds(repository: string, manifest: Manifest): Promise<void> {
    for (const needed of referencesOf(manifest)) await this.#keep(repository, needed);
    for (const child of manifest.children) await this.#keepInner(repository, child);
  }

  async #keep(repository: string, digest: Digest): Promise<void> {
    if (this.#storedAsIs.has(digest.text)) return;
    this.#kept.add(digest.text);
    const target = await this.#registry.blobs.target(repository, digest);
    this.#kept.add(target.text);
    if (target.text === digest.text) this.#storedAsIs.add(digest.text);
  }

  /**
   * Keeps the references of a manifest that only an index names. Indexes list layers as well: an entry with another
   * media type, or larger than the largest manifest, is not read. An entry with a link of its own is a manifest of the
   * repository.
   */
  async #keepInner(repository: string, { digest, mediaType }: Reference): Promise<void> {
    const { paths, blobs, manifests } = this.#registry;
    const key = `${repository} ${digest.text}`;
    if (this.#inner.has(key) || !mayBeManifest(mediaType)) return;
    this.#inner.add(key);
    if (await exists(paths.revision(repository, digest))) return;
    const target = await blobs.target(repository, digest);
    const found = await ifExists(stat(paths.blob(target)));
    if (found === undefined || found.size > manifests.largest) return;
    const reading = await this.#read(target);
    if (reading !== undefined) await this.#keepNeeds(repository, reading.manifest);
  }

  async #keepAllOf(repository: string, digest: Digest, reason: string): Promise<void> {
    if (this.unreadable.length < MOST_NAMED)
      this.unreadable.push({ repository, digest: digest.text, reason });
    if (this.#whole.has(repository)) return;
    this.#whole.add(repository);
    const root = `${this.#registry.paths.repository(repository)}/_layers`;
    // Includes algorithms that are not served here: their links may lead to blobs that are.
    for (const algorithm of (await ifExists(readdir(root))) ?? []) {
      const names = (await ifExists(readdir(`${root}/${algorithm}`))) ?? [];
      await concurrentForEach(names, async (hex) => {
        this.#kept.add(`${algorithm}:${hex}`);
        const target = await ifExists(readFile(`${root}/${algorithm}/${hex}/link`, 'latin1'));
        if (target !== undefined) this.#kept.add(target.trim());
      });
    }
  }
}

/** Reports whether a descriptor may name a manifest: its media type says so, or is absent. */
function mayBeManifest(mediaType: string): boolean {
  return mediaType === '' || isServed(mediaType) || mediaType.includes('.manifest.');
}
