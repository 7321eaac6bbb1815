import { ALGORITHMS, parseDigest, type Digest } from '../../../oci/digest.ts';
import { DirectoryCache, indexAfter } from '../disk/directory-cache.ts';
import { concurrentForEach } from '../../../lib/concurrent-for-each.ts';
import type { Inspected, ManifestStore } from './manifest-store.ts';
import type { Paths } from '../disk/paths.ts';
import { KnownManifests } from './referrer-index.ts';
import { forEachInSlices } from '../../../oci/manifest/slices.ts';

interface ReferrersOptions {
  readonly paths: Paths;
  readonly manifests: ManifestStore;
  readonly now: () => Date;
}

interface ReferrersQuery {
  readonly subject: Digest;
  /** Referrers after this digest; empty for all. */
  readonly after: string;
  readonly artifactType: string | undefined;
}

/** A page of the referrers of a subject. */
interface ReferrersPage {
  /** Descriptors as JSON, in byte order of their digests (image-spec "Content Descriptors"). */
  readonly descriptors: readonly string[];
  /** The digest of the last one, if there are more. */
  readonly end: string | undefined;
}

/** An index may not be larger than a manifest that clients accept (distribution-spec, "Listing Referrers"). */
const PAGE_BYTES = 3 * 1024 * 1024;
const PAGE_DESCRIPTORS = 1000;
/** The most bytes of manifests read for a page: large manifests make it short. */
const PAGE_READ_BYTES = 16 * 1024 * 1024;
/** The most bytes of manifest names, and of what is known about the manifests. */
const MOST_NAME_BYTES = 64 * 1024 * 1024;
const MOST_KNOWN_BYTES = 64 * 1024 * 1024;
const MOST_REPOSITORIES = 1000;
const HEX = /^[a-f0-9]{64,128}$/;

/**
 * The manifests that refer to a manifest. There is no index on the disk, since another registry would not maintain it:
 * the manifests of a repository are read once, and after that only new ones. Memory holds which manifest refers to
 * which, by digest. Their descriptors are read for each page, which ends when it is full or has read enough bytes.
 */
export class Referrers {
  readonly #options: ReferrersOptions;
  readonly #folders: DirectoryCache;
  readonly #known = new Map<string, KnownManifests>();

  constructor(options: ReferrersOptions) {
    this.#options = options;
    const accepts = (name: string): boolean => HEX.test(name);
    this.#folders = new DirectoryCache({ accepts, mostBytes: MOST_NAME_BYTES, now: options.now });
  }

  /** Returns a page of the referrers of a subject. */
  async page(repository: string, query: ReferrersQuery): Promise<ReferrersPage> {
    const known = this.#knownOf(repository);
    await this.#scanOnce(repository, known);
    const digests = known.referrersOf(query.subject.text);
    this.#evictOldest();
    return this.#pageOf(repository, known, { ...query, digests });
  }

  /** One scan runs at a time. Requests that arrive meanwhile share the next one, which begins after them. */
  #scanOnce(repository: string, known: KnownManifests): Promise<void> {
    known.nextScan ??= known.scan
      .catch(() => undefined)
      .then(() => {
        known.nextScan = undefined;
        known.scan = this.#scan(repository, known);
        return known.scan;
      });
    return known.nextScan;
  }

  async #pageOf(
    repository: string,
    known: KnownManifests,
    { after, artifactType, digests }: ReferrersQuery & { readonly digests: readonly string[] },
  ): Promise<ReferrersPage> {
    const page = new Page();
    for (let at = indexAfter(digests, after); at < digests.length; at += 1) {
      const text = digests[at] ?? '';
      if (artifactType !== undefined && known.artifactTypeOf(text) !== artifactType) continue;
      if (page.isFull()) return page.endedEarly();
      const inspected = await this.#inspect(repository, text);
      if (inspected !== undefined && !page.add(text, inspected)) return page.endedEarly();
    }
    return page;
  }

  /** Returns a referrer if it still exists and can be read. */
  async #inspect(repository: string, text: string): Promise<Inspected | undefined> {
    const digest = parseDigest(text);
    const { manifests } = this.#options;
    if (digest === undefined || !(await manifests.has(repository, digest))) return undefined;
    return manifests
      .target(repository, digest)
      .then((target) => manifests.inspect(target).catch(() => undefined));
  }

  #knownOf(repository: string): KnownManifests {
    const known = this.#known.get(repository) ?? new KnownManifests();
    this.#known.delete(repository);
    this.#known.set(repository, known);
    return known;
  }

  #evictOldest(): void {
    let bytes = 0;
    for (const known of this.#known.values()) bytes += known.bytes;
    for (const [repository, known] of this.#known) {
      if (bytes <= MOST_KNOWN_BYTES && this.#known.size <= MOST_REPOSITORIES) break;
      this.#known.delete(repository);
      bytes -= known.bytes;
    }
  }

  async #scan(repository: string, known: KnownManifests): Promise<void> {
    const lists: (readonly string[])[] = [];
    for (const algorithm of ALGORITHMS)
      lists.push((await this.#folders.list(this.#options.paths.revisions(repository, algorithm))) ?? []);
    if (known.isUpToDate(lists)) return;
    let isWhole = true;
    for (const [at, algorithm] of ALGORITHMS.entries()) {
      const fresh: string[] = [];
      await forEachInSlices(lists[at] ?? [], (hex) => {
        if (!known.has(`${algorithm}:${hex}`)) fresh.push(`${algorithm}:${hex}`);
      });
      await concurrentForEach(fresh, async (text) => {
        if (!(await this.#readManifest(repository, known, text))) isWhole = false;
      });
    }
    await known.endScan(lists, isWhole);
  }

  /** Returns false if it can't be read now. The next scan tries again. */
  async #readManifest(repository: string, known: KnownManifests, text: string): Promise<boolean> {
    const digest = parseDigest(text);
    if (digest === undefined) return true;
    const { manifests } = this.#options;
    if (!(await manifests.mayRefer(digest).catch(() => true))) {
      known.add(text, undefined, undefined);
      return true;
    }
    const stored = await manifests.get(repository, digest).catch(() => undefined);
    if (stored === undefined) return false;
    known.add(text, stored.subject?.text, stored.artifactType);
    return true;
  }
}

class Page implements ReferrersPage {
  readonly descriptors: string[] = [];
  end: string | undefined;
  #last: string | undefined;
  #bytes = 0;
  #read = 0;

  /** Reports whether no more may be read for the page. */
  isFull(): boolean {
    return this.descriptors.length === PAGE_DESCRIPTORS || this.#read > PAGE_READ_BYTES;
  }

  /** Returns false if the descriptor does not fit. The first one always fits. */
  add(digest: string, { size, reading }: Inspected): boolean {
    this.#read += size;
    const { mediaType, artifactType, annotations } = reading.manifest;
    const text = JSON.stringify({
      mediaType,
      digest,
      size,
      ...(artifactType === undefined ? {} : { artifactType }),
      ...(annotations.size === 0 ? {} : { annotations: Object.fromEntries(annotations) }),
    });
    this.#bytes += Buffer.byteLength(text) + 1;
    if (this.descriptors.length > 0 && this.#bytes > PAGE_BYTES) return false;
    this.descriptors.push(text);
    this.#last = digest;
    return true;
  }

  endedEarly(): this {
    this.end = this.#last;
    return this;
  }
}
