import { parseDigest, type Digest } from '../../../oci/digest.ts';
import { makeDescriptor, type Descriptor } from '../../model/descriptor.ts';
import type { StoredManifest } from '../../model/manifest.ts';
import type { Pieces, ReadOptions } from '../../store.ts';
import { invalidArchive } from '../../tar/invalid-archive.ts';
import { DOCKER_MANIFEST_NAME, readDockerManifest, type DockerEntry } from '../layout/docker-manifest.ts';
import { pickByName } from '../layout/names.ts';
import type { ArchiveSource } from './archive-source.ts';
import { missingBlob, readBlobFile } from './blobs.ts';
import { readDockerImage, type DockerBlob, type DockerImage } from './docker-image.ts';
import { checkExpanded } from './expanded-check.ts';
import { readWhole, type FileStore } from './file-store.ts';

/** The largest manifest.json that is read, in bytes: some thousand images of 100 layers. */
const MOST_MANIFEST_JSON_BYTES = 16 * 1024 * 1024;
const MOST_IMAGES = 10_000;

/** Reads the manifest.json of an archive. Undefined if there is none. Throws AppError ARCHIVE_INVALID. */
export async function readDockerEntries(store: FileStore): Promise<readonly DockerEntry[] | undefined> {
  const { label } = store;
  const file = await store.find(DOCKER_MANIFEST_NAME);
  if (file === undefined) return undefined;
  const bytes = await readWhole(file, MOST_MANIFEST_JSON_BYTES);
  if (bytes === undefined)
    throw invalidArchive(
      label,
      `its ${DOCKER_MANIFEST_NAME} has more than ${MOST_MANIFEST_JSON_BYTES} bytes`,
    );
  const entries = readDockerManifest(parse(bytes));
  if (entries === undefined)
    throw invalidArchive(label, `its ${DOCKER_MANIFEST_NAME} is not a list of images`);
  if (entries.length > MOST_IMAGES) throw invalidArchive(label, `it lists more than ${MOST_IMAGES} images`);
  return entries;
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}

/** Reads what `docker save` of the classic store writes. Manifests are made: the archive has none. */
export function openDockerArchive(store: FileStore, entries: readonly DockerEntry[]): ArchiveSource {
  return new DockerSource(store, entries);
}

class DockerSource implements ArchiveSource {
  readonly label: string;
  readonly origin = undefined;
  readonly #store: FileStore;
  readonly #entries: readonly DockerEntry[];
  readonly #images = new Map<DockerEntry, Promise<DockerImage>>();
  /** Of the images that have been read, by digest. */
  readonly #blobs = new Map<string, DockerBlob>();

  constructor(store: FileStore, entries: readonly DockerEntry[]) {
    this.label = store.label;
    this.#store = store;
    this.#entries = entries;
  }

  async readManifest(reference: string): Promise<StoredManifest | undefined> {
    const digest = parseDigest(reference);
    if (digest !== undefined) return (await this.#findImage(digest))?.stored;
    const entry = pickByName(this.#entries, reference, ({ names }) => names);
    return entry === undefined ? undefined : (await this.#image(entry)).stored;
  }

  async *readBlob(blob: Descriptor, options: ReadOptions = {}): Pieces {
    const found = await this.#findBlob(blob.digest);
    if (found === undefined) throw missingBlob(blob, this.label);
    const { file, diffId, compression } = found;
    const pieces = readBlobFile(file, blob, this.label, options);
    const isWhole = (options.from ?? 0) === 0;
    yield* isWhole && diffId !== undefined
      ? checkExpanded(pieces, { compression, diffId, label: this.label })
      : pieces;
  }

  async *listTags(): AsyncIterable<string> {
    for await (const { names, manifest } of this.listImages())
      yield* names.length > 0 ? names : [manifest.digest.text];
  }

  async *listImages(): ReturnType<ArchiveSource['listImages']> {
    const listed = new Map<string, { readonly stored: StoredManifest; readonly names: Set<string> }>();
    for (const entry of this.#entries) {
      const { stored } = await this.#image(entry);
      const known = listed.get(stored.digest.text) ?? { stored, names: new Set() };
      for (const name of entry.names) known.names.add(name);
      listed.set(stored.digest.text, known);
    }
    for (const { stored, names } of listed.values()) {
      const { mediaType, digest, bytes } = stored;
      yield { names: [...names], manifest: makeDescriptor({ mediaType, digest, size: bytes.length }) };
    }
  }

  async listReferrers(): Promise<readonly Descriptor[]> {
    return [];
  }

  close(): Promise<void> {
    return this.#store.close();
  }

  #image(entry: DockerEntry): Promise<DockerImage> {
    const known = this.#images.get(entry);
    if (known !== undefined) return known;
    const image = this.#readImage(entry);
    this.#images.set(entry, image);
    return image;
  }

  async #readImage(entry: DockerEntry): Promise<DockerImage> {
    const image = await readDockerImage(this.#store, entry);
    for (const blob of image.blobs) this.#blobs.set(blob.digest.text, blob);
    return image;
  }

  async #findImage({ text }: Digest): Promise<DockerImage | undefined> {
    for (const entry of this.#entries) {
      const image = await this.#image(entry);
      if (image.stored.digest.text === text) return image;
    }
    return undefined;
  }

  /** Looks first in images that have been read already: an image that is damaged does not keep others from being read. */
  async #findBlob({ text }: Digest): Promise<DockerBlob | undefined> {
    for (const entry of this.#entries) {
      if (this.#blobs.has(text)) break;
      await this.#image(entry);
    }
    return this.#blobs.get(text);
  }
}
