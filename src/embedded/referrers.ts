import { ALGORITHMS, parseDigest } from '../registry/digest.ts';
import type { Digest } from '../registry/digest.ts';
import { DirectoryCache } from './directory-cache.ts';
import { isThere } from './durable.ts';
import { inTurn } from './in-turn.ts';
import type { ManifestStore } from './manifest-store.ts';
import type { Paths } from './paths.ts';

export interface ReferrersOptions {
  readonly paths: Paths;
  readonly manifests: ManifestStore;
  readonly now: () => Date;
}

/** A manifest that refers to a subject, as it stands in the answer (image-spec "Content Descriptors"). */
export interface Referrer {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** What is known of one repository: which manifests were looked at, and who refers to whom. */
interface Known {
  readonly seen: Set<string>;
  readonly bySubject: Map<string, Map<string, Referrer>>;
  looking: Promise<void>;
}

const MAX_NAMES = 300_000;
const MAX_REPOSITORIES = 1000;
const HEX = /^[a-f0-9]{64,128}$/;

/**
 * Who refers to a manifest. There is no index on the disk, which another registry would not keep: the manifests of a
 * repository are read once, and after that only new ones. A digest says the same for ever, so that what is in memory can
 * be incomplete but not wrong; that a referrer is still there is asked of the disk for each answer.
 */
export class Referrers {
  readonly #options: ReferrersOptions;
  readonly #folders: DirectoryCache;
  readonly #known = new Map<string, Known>();

  constructor(options: ReferrersOptions) {
    this.#options = options;
    const accepts = (name: string): boolean => HEX.test(name);
    this.#folders = new DirectoryCache({ accepts, maxNames: MAX_NAMES, now: options.now });
  }

  /** The referrers of a subject, by digest in byte order. */
  async of(repository: string, subject: Digest): Promise<readonly Referrer[]> {
    const known = this.#knownOf(repository);
    // One look at a time; whoever asks meanwhile gets one that began after the question.
    known.looking = known.looking.then(
      () => this.#look(repository, known),
      () => this.#look(repository, known),
    );
    await known.looking;
    const there: Referrer[] = [];
    await inTurn(known.bySubject.get(subject.text)?.values() ?? [], async (referrer) => {
      const digest = parseDigest(referrer.digest);
      if (digest !== undefined && (await isThere(this.#options.paths.revision(repository, digest))))
        there.push(referrer);
    });
    return there.sort((one, other) => (one.digest < other.digest ? -1 : 1));
  }

  #knownOf(repository: string): Known {
    const known = this.#known.get(repository) ?? {
      seen: new Set(),
      bySubject: new Map(),
      looking: Promise.resolve(),
    };
    this.#known.delete(repository);
    this.#known.set(repository, known);
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= MAX_REPOSITORIES) break;
      this.#known.delete(oldest);
    }
    return known;
  }

  async #look(repository: string, known: Known): Promise<void> {
    for (const algorithm of ALGORITHMS) {
      const names = await this.#folders.list(this.#options.paths.revisions(repository, algorithm));
      const fresh = names?.filter((hex) => !known.seen.has(hex)) ?? [];
      await inTurn(fresh, async (hex) => {
        const digest = parseDigest(`${algorithm}:${hex}`);
        if (digest !== undefined) await this.#learn(known, digest);
      });
    }
  }

  /** What can't be read now is looked at again next time. */
  async #learn({ seen, bySubject }: Known, digest: Digest): Promise<void> {
    const stored = await this.#options.manifests.read(digest).catch(() => undefined);
    if (stored === undefined) return;
    seen.add(digest.hex);
    const { manifest, bytes } = stored;
    if (manifest?.subject === undefined) return;
    const { mediaType, artifactType, annotations } = manifest;
    const referrers = bySubject.get(manifest.subject.text) ?? new Map<string, Referrer>();
    bySubject.set(manifest.subject.text, referrers);
    referrers.set(digest.text, {
      mediaType,
      digest: digest.text,
      size: bytes.length,
      ...(artifactType === undefined ? {} : { artifactType }),
      ...(annotations === undefined ? {} : { annotations }),
    });
  }
}
