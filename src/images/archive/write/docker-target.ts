import type { AppError } from '../../../lib/errors.ts';
import { piecesOf } from '../../../lib/streams/pieces-of.ts';
import { decompress } from '../../compression/decompress.ts';
import { invalidImage, type Descriptor } from '../../model/descriptor.ts';
import { layerCompression, type Compression } from '../../model/media-types.ts';
import { parseManifest, type StoredManifest } from '../../model/manifest.ts';
import { verified, type Promised } from '../../model/verified.ts';
import type { ImageTarget, Pieces, WriteOptions } from '../../store.ts';
import { DOCKER_MANIFEST_NAME, writeDockerManifest, type NewDockerEntry } from '../layout/docker-manifest.ts';
import { missingBlob } from '../read/blobs.ts';
import { readRange } from '../read/file-store.ts';
import { openNameless } from '../read/spool.ts';
import type { TarDestination } from './layout-tar-target.ts';
import { watched, writeMeasured } from './new-blob.ts';

interface Place {
  readonly read: () => Pieces;
  /** Resolves when the place before is taken. */
  readonly before: Promise<void>;
  readonly taken: () => void;
}

/**
 * Writes what `docker save` of the classic store writes: layers are uncompressed and named by their diff ID, as skopeo
 * and podman do. There are no manifests, so an image that comes back from it has another digest, and the same ID.
 */
export class DockerTarget implements ImageTarget {
  readonly label: string;
  readonly origin = undefined;
  readonly isOnePlatform = true;
  readonly #to: TarDestination;
  /** Under which name a blob is in the archive. */
  readonly #names = new Map<string, Promise<string>>();
  /** Files by name: two layers of other bytes may expand to the same. */
  readonly #added = new Map<string, Promise<void>>();
  readonly #images = new Map<string, NewDockerEntry>();
  /** Resolves when the blob before has its place: the bytes must not depend on which layer was expanded first. */
  #turn: Promise<void> = Promise.resolve();

  constructor(to: TarDestination) {
    this.label = to.label;
    this.#to = to;
  }

  async hasBlob({ digest }: Descriptor): Promise<boolean> {
    const put = this.#names.get(digest.text);
    if (put === undefined) return false;
    return put.then(
      () => true,
      () => false,
    );
  }

  async mountBlob(): Promise<boolean> {
    return false;
  }

  async putBlob(blob: Descriptor, read: (from: number) => Pieces, options?: WriteOptions): Promise<void> {
    const before = this.#names.get(blob.digest.text);
    if (before !== undefined) return void (await before);
    const pieces = (): Pieces => verified(watched(read(0), options), blob, this.label);
    const compression = layerCompression(blob.mediaType);
    const place = this.#nextPlace(pieces);
    const isPlain = compression === undefined || compression === 'none';
    const putting = (
      isPlain
        ? this.#add(blob, compression === undefined ? 'json' : 'tar', place)
        : this.#addExpanded(compression, place)
    ).finally(place.taken);
    this.#names.set(blob.digest.text, putting);
    await putting.catch((error: unknown) => {
      this.#names.delete(blob.digest.text);
      throw this.#to.unwritable(error);
    });
  }

  /** The bytes that are made on the way are those of a layer, which is compressed. */
  async putNewBlob(read: () => Pieces, options?: WriteOptions): Promise<Promised> {
    const file = await openNameless(this.#to.spoolFolder);
    try {
      const made = await writeMeasured(file, watched(read(), options));
      const place = this.#nextPlace(() => readRange(file, { from: 0, to: made.size }));
      this.#names.set(made.digest.text, this.#addExpanded('gzip', place).finally(place.taken));
      await this.#names.get(made.digest.text);
      return made;
    } finally {
      await file.close();
    }
  }

  async readManifest(): Promise<undefined> {
    return undefined;
  }

  async putManifest(stored: StoredManifest, names: readonly string[]): Promise<void> {
    const manifest = parseManifest(stored);
    if (manifest.kind === 'index')
      throw invalidImage('a docker-archive holds the image of one platform, and this is an index of several');
    const config = await this.#nameOf(manifest.config);
    const layers = await Promise.all(manifest.layers.map((layer) => this.#nameOf(layer)));
    for (const [key, image] of this.#images)
      this.#images.set(key, { ...image, names: image.names.filter((name) => !names.includes(name)) });
    const before = this.#images.get(stored.digest.text)?.names ?? [];
    this.#images.set(stored.digest.text, { config, layers, names: [...before, ...names].toSorted() });
  }

  async commit(): Promise<void> {
    try {
      const images = [...this.#images.values()].toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
      const bytes = writeDockerManifest(images);
      await this.#to.writer.add(DOCKER_MANIFEST_NAME, bytes.length, () => piecesOf(bytes));
      await this.#to.writer.end();
      await this.#to.commit();
    } catch (error) {
      throw this.#to.unwritable(error);
    }
  }

  close(): Promise<void> {
    return this.#to.discard();
  }

  async #nameOf(blob: Descriptor): Promise<string> {
    const name = this.#names.get(blob.digest.text);
    if (name === undefined) throw missingBlob(blob, this.label);
    return name;
  }

  /** Adds a file, in the place behind all that were put before. */
  async #add({ digest, size }: Promised, ending: string, place: Place): Promise<string> {
    const name = `${digest.hex}.${ending}`;
    await place.before;
    const adding = this.#added.get(name) ?? this.#to.writer.add(name, size, place.read);
    place.taken();
    this.#added.set(name, adding);
    await adding.catch((error: unknown) => {
      this.#added.delete(name);
      throw error;
    });
    return name;
  }

  /** A tar tells the size of a file before its content, and it is not known before the layer is expanded. */
  async #addExpanded(compression: Compression, place: Place): Promise<string> {
    const file = await openNameless(this.#to.spoolFolder);
    try {
      const made = await writeMeasured(file, decompress(place.read(), compression, damaged));
      return await this.#add(made, 'tar', {
        ...place,
        read: () => readRange(file, { from: 0, to: made.size }),
      });
    } finally {
      await file.close();
    }
  }

  /** Gives out the next place in the archive: its bytes must not depend on which layer was expanded first. */
  #nextPlace(read: () => Pieces): Place {
    const before = this.#turn;
    let taken = (): void => undefined;
    this.#turn = new Promise((resolve) => (taken = resolve));
    return { read, before, taken };
  }
}

function keyOf({ names, config }: NewDockerEntry): string {
  return names[0] ?? `\u{10ffff}${config}`;
}

function damaged(reason: string): AppError {
  return invalidImage(`a layer can't be decompressed: ${reason}`);
}
