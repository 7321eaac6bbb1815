import type { Descriptor } from '../../model/descriptor.ts';
import type { Manifest, StoredManifest } from '../../model/manifest.ts';
import { OCI_INDEX } from '../../model/media-types.ts';
import { verified, type Promised } from '../../model/verified.ts';
import type { ImageTarget, Pieces, WriteOptions } from '../../store.ts';
import { blobPath, LAYOUT_FILE, LAYOUT_NAME } from '../layout/layout-files.ts';
import { readRange } from '../read/file-store.ts';
import { openNameless } from '../read/spool.ts';
import { watched, writeMeasured } from './new-blob.ts';
import { PutManifests } from './put-manifests.ts';
import type { TarWriter } from './tar-writer.ts';

/** Where the bytes of a tar go. */
export interface TarDestination {
  readonly label: string;
  /** Makes the error to throw of what failed. */
  readonly unwritable: (cause: unknown) => unknown;
  readonly writer: TarWriter;
  /** The folder for what has to be measured before it can be written. */
  readonly spoolFolder: string;
  commit(): Promise<void>;
  discard(): Promise<void>;
}

/** Makes further files of the archive of what was put into it. */
type MakeFiles = (manifests: PutManifests) => Readonly<Record<string, Buffer>>;

/** Writes an image layout into a tar (image-spec: "Image Layout"). Blobs stand in the order in which they were put. */
export class LayoutTarTarget implements ImageTarget {
  readonly label: string;
  readonly origin = undefined;
  readonly #to: TarDestination;
  readonly #makeFiles: MakeFiles;
  readonly #blobs = new Map<string, Promise<void>>();
  readonly #manifests = new PutManifests();
  #begun: Promise<void> | undefined;

  constructor(to: TarDestination, makeFiles: MakeFiles) {
    this.label = to.label;
    this.#to = to;
    this.#makeFiles = makeFiles;
  }

  async hasBlob({ digest }: Descriptor): Promise<boolean> {
    const put = this.#blobs.get(digest.text);
    if (put === undefined) return false;
    return put.then(
      () => true,
      () => false,
    );
  }

  async mountBlob(): Promise<boolean> {
    return false;
  }

  putBlob(blob: Descriptor, read: (from: number) => Pieces, options?: WriteOptions): Promise<void> {
    return this.#put(blob, (name) =>
      this.#to.writer.add(name, blob.size, () => verified(watched(read(0), options), blob, this.label)),
    );
  }

  putWhole(blob: Descriptor, read: () => Promise<Uint8Array>, { onBytes }: WriteOptions = {}): Promise<void> {
    return this.#put(blob, (name) =>
      this.#to.writer.addWhole(name, blob.size, async () => {
        const bytes = await read();
        onBytes?.(bytes.length);
        return bytes;
      }),
    );
  }

  async putNewBlob(read: () => Pieces, options?: WriteOptions): Promise<Promised> {
    const file = await openNameless(this.#to.spoolFolder);
    try {
      const made = await writeMeasured(file, watched(read(), options));
      const pieces = (): Pieces => verified(readRange(file, { from: 0, to: made.size }), made, this.label);
      await this.#put(made, (name) => this.#to.writer.add(name, made.size, pieces));
      return made;
    } finally {
      await file.close();
    }
  }

  /** An archive in the making has nothing yet that could be there already. */
  async readManifest(): Promise<undefined> {
    return undefined;
  }

  async putManifest(manifest: StoredManifest, names: readonly string[], parsed?: Manifest): Promise<void> {
    this.#manifests.add(manifest, names, parsed);
    const { bytes } = manifest;
    await this.#put(manifest, (name) => this.#to.writer.addWhole(name, bytes.length, async () => bytes));
  }

  async commit(): Promise<void> {
    try {
      this.#begin();
      await this.#begun;
      const index = { schemaVersion: 2, mediaType: OCI_INDEX, manifests: this.#manifests.entries() };
      const files = { 'index.json': Buffer.from(JSON.stringify(index)), ...this.#makeFiles(this.#manifests) };
      for (const [name, bytes] of Object.entries(files))
        await this.#to.writer.addWhole(name, bytes.length, async () => bytes);
      await this.#to.writer.end();
      await this.#to.commit();
    } catch (error) {
      throw this.#to.unwritable(error);
    }
  }

  close(): Promise<void> {
    return this.#to.discard();
  }

  /** Each blob once, however many images have it. `add` gets its name in the archive. */
  async #put({ digest }: Pick<Promised, 'digest'>, add: (name: string) => Promise<void>): Promise<void> {
    const before = this.#blobs.get(digest.text);
    if (before !== undefined) return before;
    this.#begin();
    const putting = add(blobPath(digest));
    this.#blobs.set(digest.text, putting);
    try {
      await putting;
    } catch (error) {
      this.#blobs.delete(digest.text);
      throw this.#to.unwritable(error);
    }
  }

  /** Adds the first entry. A failure is thrown at the end. */
  #begin(): void {
    if (this.#begun !== undefined) return;
    this.#begun = this.#to.writer.addWhole(LAYOUT_NAME, LAYOUT_FILE.length, async () => LAYOUT_FILE);
    this.#begun.catch(() => undefined);
  }
}
