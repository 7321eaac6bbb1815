import { concurrentForEach } from '../../lib/concurrent-for-each.ts';
import { AppError } from '../../lib/errors.ts';
import { parseDigest } from '../../oci/digest.ts';
import { parseManifest, type StoredManifest } from '../model/manifest.ts';
import { DOCKER_SCHEMA_1, isStored } from '../model/media-types.ts';
import type { Repository } from '../store.ts';
import { subjectOfTag } from '../tags/referrer-tags.ts';
import type { Contents, KnownManifest } from './contents.ts';
import { createdOf } from './created.ts';

/** The most names of blobs and manifests that are held of one repository: some 500 MB of memory. */
const MOST_NAMES = 4_000_000;

export interface ReadOptions {
  /** Whether the time of an image is wanted, which costs a request. */
  readonly wantsTime: (tag: string) => boolean;
  /** Images to read beside those that have tags. */
  readonly digests: Iterable<string>;
  /** Manifests that were read before: they never change. */
  readonly known?: ReadonlyMap<string, KnownManifest>;
  readonly signal?: AbortSignal | undefined;
  /** The most names that are held; `MOST_NAMES` at the most, and by default. */
  readonly mostNames?: number | undefined;
  /** Called as tags are read, with their number so far. */
  readonly onTags?: (count: number) => void;
}

/**
 * Reads all tags of a repository, and every manifest that is reached from them. Throws AppError IMAGE_INVALID if one
 * can't be read: what it needs would not be known.
 */
export async function readContents(repository: Repository, options: ReadOptions): Promise<Contents> {
  const reader = new ContentsReader(repository, options);
  await concurrentForEach(repository.listTags(), (tag) => reader.readTag(tag));
  await concurrentForEach(options.digests, (digest) => reader.readTree(digest, false));
  await concurrentForEach([...reader.tags.keys()], (tag) => reader.checkSubject(tag));
  const { tags, manifests, absent } = reader;
  return {
    repository: repository.origin.repository,
    tags,
    manifests: withTimesOfChildren(manifests),
    absent,
  };
}

/** Adds the referrers of these images, and theirs, to what is known. */
export async function addReferrers(
  repository: Repository,
  contents: Contents,
  images: Iterable<string>,
  mostNames?: number,
): Promise<Contents> {
  const never = (): boolean => false;
  const options = { wantsTime: never, digests: [], known: contents.manifests, mostNames };
  const reader = new ContentsReader(repository, options);
  for (const [digest, manifest] of contents.manifests) reader.manifests.set(digest, manifest);
  const asked = new Set<string>();
  const ask = async (image: string): Promise<void> => {
    const subject = parseDigest(image);
    if (subject === undefined || asked.has(image)) return;
    asked.add(image);
    const referrers = await repository.listReferrers(subject);
    for (const { digest } of referrers) {
      await reader.readTree(digest.text, false);
      await ask(digest.text);
    }
  };
  await concurrentForEach(images, ask);
  return { ...contents, manifests: reader.manifests };
}

class ContentsReader {
  readonly tags = new Map<string, string>();
  readonly manifests = new Map<string, KnownManifest>();
  readonly absent = new Set<string>();
  readonly #repository: Repository;
  readonly #options: ReadOptions;
  readonly #names = new Map<string, string>();
  #held = 0;

  constructor(repository: Repository, options: ReadOptions) {
    this.#repository = repository;
    this.#options = options;
  }

  /** Reads a tag, unless it is removed meanwhile. */
  async readTag(tag: string): Promise<void> {
    const { known, signal, wantsTime, onTags } = this.#options;
    signal?.throwIfAborted();
    const stored = known === undefined ? await this.#repository.readManifest(tag) : undefined;
    const found = stored ?? (known === undefined ? undefined : await this.#repository.findManifest(tag));
    if (found === undefined) return;
    const digest = this.#name(found.digest.text);
    this.tags.set(tag, digest);
    onTags?.(this.tags.size);
    await this.readTree(digest, wantsTime(tag), stored);
  }

  /** Reads a manifest, and those that it names. */
  async readTree(digest: string, wantsTime: boolean, stored?: StoredManifest): Promise<void> {
    this.#options.signal?.throwIfAborted();
    const manifest = await this.#find(digest, stored);
    if (manifest === undefined) return;
    const isNew = !this.manifests.has(digest);
    const dated = wantsTime ? await this.#dated(manifest, stored) : manifest;
    this.manifests.set(digest, { ...dated, created: dated.created ?? this.manifests.get(digest)?.created });
    if (isNew || wantsTime) for (const child of manifest.children) await this.readTree(child, wantsTime);
  }

  /** Finds out whether the image to which a tag of a referrer belongs is still there. */
  async checkSubject(tag: string): Promise<void> {
    const subject = subjectOfTag(tag);
    if (subject === undefined || this.manifests.has(subject)) return;
    if ((await this.#repository.findManifest(subject)) === undefined) this.absent.add(subject);
  }

  async #find(digest: string, given: StoredManifest | undefined): Promise<KnownManifest | undefined> {
    const known = this.manifests.get(digest) ?? this.#options.known?.get(digest);
    if (known !== undefined) return known;
    const stored = given ?? (await this.#repository.readManifest(digest));
    // Other tags of the image may have been read meanwhile.
    return this.manifests.get(digest) ?? (stored === undefined ? undefined : this.#known(stored));
  }

  #known(stored: StoredManifest): KnownManifest {
    const digest = this.#name(stored.digest.text);
    const base = { digest, size: stored.bytes.length, created: undefined };
    if (DOCKER_SCHEMA_1.test(stored.mediaType))
      return { ...base, blobs: [], children: [], subject: undefined, isOpaque: true };
    const manifest = parseNamed(this.#repository.label, stored);
    const isIndex = manifest.kind === 'index';
    const blobs = isIndex ? [] : [manifest.config, ...manifest.layers.filter(isStored)];
    return {
      ...base,
      blobs: blobs.map((blob) => ({ digest: this.#name(blob.digest.text), size: blob.size })),
      children: isIndex ? manifest.manifests.map((child) => this.#name(child.digest.text)) : [],
      subject: manifest.subject === undefined ? undefined : this.#name(manifest.subject.digest.text),
      isOpaque: false,
    };
  }

  async #dated(manifest: KnownManifest, given: StoredManifest | undefined): Promise<KnownManifest> {
    if (manifest.created !== undefined || manifest.isOpaque) return manifest;
    const stored = given ?? (await this.#repository.readManifest(manifest.digest));
    if (stored === undefined) return manifest;
    return { ...manifest, created: await createdOf(this.#repository, parseManifest(stored)) };
  }

  /** Holds each name once, and not more of them than there is memory for. */
  #name(text: string): string {
    this.#held += 1;
    const most = Math.min(this.#options.mostNames ?? MOST_NAMES, MOST_NAMES);
    if (this.#held > most) throw tooMuch(this.#repository.label, most);
    const known = this.#names.get(text) ?? text;
    this.#names.set(known, known);
    return known;
  }
}

function parseNamed(label: string, stored: StoredManifest): ReturnType<typeof parseManifest> {
  try {
    return parseManifest(stored);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const image = `${label}@${stored.digest.text}`;
    throw new AppError(error.code, {
      message: `${image} can't be read, so it is not known what it needs, and nothing is removed. ${error.message}`,
      hint: `Look at it, and delete it by its tag if it is of no use: registry-gate images inspect --raw ${image}`,
      cause: error,
    });
  }
}

/** An index was made when the newest of its images was, unless it says so itself. */
function withTimesOfChildren(
  manifests: ReadonlyMap<string, KnownManifest>,
): ReadonlyMap<string, KnownManifest> {
  return new Map(
    [...manifests].map(([digest, manifest]) => {
      if (manifest.created !== undefined) return [digest, manifest];
      const times = manifest.children.flatMap((child) => manifests.get(child)?.created ?? []);
      return [digest, times.length === 0 ? manifest : { ...manifest, created: Math.max(...times) }];
    }),
  );
}

function tooMuch(label: string, most: number): AppError {
  return new AppError('IMAGE_INVALID', {
    message: `${label} has manifests that name more than ${most} blobs: too many to plan with.`,
    hint: 'Remove single tags of it: registry-gate images remove REPOSITORY:TAG',
  });
}
