import type { Descriptor } from '../../model/descriptor.ts';
import type { StoredManifest } from '../../model/manifest.ts';
import { OCI_INDEX } from '../../model/media-types.ts';
import { verified, type Promised } from '../../model/verified.ts';
import type { ImageTarget, Pieces, WriteOptions } from '../../store.ts';
import { blobPath, LAYOUT_FILE, LAYOUT_NAME } from '../layout/layout-files.ts';
import { readRange } from '../read/file-store.ts';
import { openNameless } from '../read/spool.ts';
import { watched, writeMeasured } from './new-blob.ts';
import { PutManifests } from './put-manifests.ts';
import { piecesOf, type TarWriter } from './tar-writer.ts';

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
  #isBegun = false;

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
    return this.#put(blob, () => watched(read(0), options));
  }

  async putNewBlob(read: () => Pieces, options?: WriteOptions): Promise<Promised> {
    const file = await openNameless(this.#to.spoolFolder);
    try {
      const made = await writeMeasured(file, watched(read(), options));
      await this.#put(made, () => readRange(file, { from: 0, to: made.size }));
      return made;
    } finally {
      await file.close();
    }
  }

  /** An archive in the making has nothing yet that could be there already. */
  async readManifest(): Promise<undefined> {
    return undefined;
  }

  async putManifest(manifest: StoredManifest, names: readonly string[]): Promise<void> {
    this.#manifests.add(manifest, names);
    const { digest, bytes } = manifest;
    await this.#put({ digest, size: bytes.length }, () => piecesOf(bytes));
  }

  async commit(): Promise<void> {
    try {
      await this.#begin();
      const index = { schemaVersion: 2, mediaType: OCI_INDEX, manifests: this.#manifests.entries() };
      const files = { 'index.json': Buffer.from(JSON.stringify(index)), ...this.#makeFiles(this.#manifests) };
      for (const [name, bytes] of Object.entries(files))
        await this.#to.writer.add(name, bytes.length, () => piecesOf(bytes));
      await this.#to.writer.end();
      await this.#to.commit();
    } catch (error) {
      throw this.#to.unwritable(error);
    }
  }

  close(): Promise<void> {
    return this.#to.discard();
  }

  /** Each blob once, however many images have it. */
  async #put(blob: Promised, read: () => Pieces): Promise<void> {
    const before = this.#blobs.get(blob.digest.text);
    if (before !== undefined) return before;
    const putting = this.#write(blob, read);
    this.#blobs.set(blob.digest.text, putting);
    await putting.catch((error: unknown) => {
      this.#blobs.delete(blob.digest.text);
      throw this.#to.unwritable(error);
    });
  }

  async #write(blob: Promised, read: () => Pieces): Promise<void> {
    const begun = this.#begin();
    const added = this.#to.writer.add(blobPath(blob.digest), blob.size, () =>
      verified(read(), blob, this.label),
    );
    await Promise.all([begun, added]);
  }

  async #begin(): Promise<void> {
    if (this.#isBegun) return;
    this.#isBegun = true;
    await this.#to.writer.add(LAYOUT_NAME, LAYOUT_FILE.length, () => piecesOf(LAYOUT_FILE));
  }
}
