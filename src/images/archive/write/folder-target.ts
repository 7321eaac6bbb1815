import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { exists } from '../../../lib/files/exists.ts';
import { writeFileAtomic } from '../../../lib/files/atomic-file.ts';
import { withFileLock } from '../../../lib/files/file-lock.ts';
import { makeDirectory } from '../../../lib/files/ownership.ts';
import { ALGORITHMS } from '../../../oci/digest.ts';
import type { Descriptor } from '../../model/descriptor.ts';
import { isObject, type JsonObject } from '../../model/json.ts';
import type { ImageIndex, StoredManifest } from '../../model/manifest.ts';
import { OCI_INDEX } from '../../model/media-types.ts';
import { verified, type Promised } from '../../model/verified.ts';
import type { ImageTarget, Pieces, WriteOptions } from '../../store.ts';
import { invalidArchive } from '../../tar/invalid-archive.ts';
import { FULL_NAME, REF_NAME } from '../layout/names.ts';
import { blobPath, LAYOUT_FILE, LAYOUT_NAME } from '../layout/layout-files.ts';
import { openFolder } from '../read/folder-store.ts';
import { openLayout, readLayoutIndex } from '../read/oci-source.ts';
import { watched, writeMeasured } from './new-blob.ts';
import { writeAll } from '../../../lib/files/write-all.ts';
import { piecesOf } from '../../../lib/streams/pieces-of.ts';
import { confirmRenames, openPart, removeParts, unwritable } from './part-file.ts';
import { PutManifests } from './put-manifests.ts';

const PART = 'blob';

/**
 * Opens an image layout in a folder for writing, and makes it if it is not there. Blobs come under a name of their own,
 * are flushed and renamed; the index is replaced at once, at the end: other programs may read, and write, meanwhile.
 * Throws AppError ARCHIVE_INVALID for a folder with something else in it, or with an index that is not understood.
 */
export async function openFolderTarget(path: string): Promise<ImageTarget> {
  const label = `oci:${path}`;
  try {
    await makeDirectory(join(path, 'blobs', 'sha256'), 0o755).catch(async (error: unknown) => {
      throw unwritable(path, error);
    });
    await claim(path, label);
    await readOwnIndex(path, label);
    await removeParts(path, PART);
  } catch (error) {
    throw unwritable(path, error);
  }
  return new FolderTarget(path, label);
}

/** Marks a folder as a layout, unless it is full of other things. */
async function claim(path: string, label: string): Promise<void> {
  if (await exists(join(path, LAYOUT_NAME))) return;
  const others = (await readdir(path)).filter(
    (name) => !name.startsWith('.') && !['blobs', 'index.json'].includes(name),
  );
  if (others.length > 0)
    throw invalidArchive(
      label,
      'the folder is not empty and not an image layout',
      'Name a new folder, or an empty one.',
    );
  await writeFileAtomic(join(path, LAYOUT_NAME), LAYOUT_FILE, { mode: 0o644 });
}

/** Reads the index that is to be added to. Undefined if there is none. Throws AppError ARCHIVE_INVALID for one that is not understood. */
async function readOwnIndex(path: string, label: string): Promise<ImageIndex | undefined> {
  const index = await readLayoutIndex(openFolder(path, label));
  if (index === undefined && (await exists(join(path, 'index.json'))))
    throw invalidArchive(
      label,
      'its index.json is not an index of images, and is not replaced',
      'Mend it, move it away if nothing in it is needed, or name a new folder.',
    );
  return index;
}

class FolderTarget implements ImageTarget {
  readonly label: string;
  readonly origin = undefined;
  readonly #path: string;
  readonly #manifests = new PutManifests();
  readonly #putting = new Map<string, Promise<void>>();

  constructor(path: string, label: string) {
    this.#path = path;
    this.label = label;
  }

  async hasBlob({ digest, size }: Promised): Promise<boolean> {
    const found = await stat(this.#blob(digest)).catch(() => undefined);
    return found?.isFile() === true && found.size === size;
  }

  async mountBlob(): Promise<boolean> {
    return false;
  }

  putBlob(blob: Descriptor, read: (from: number) => Pieces, options?: WriteOptions): Promise<void> {
    return this.#putOnce(blob, () => watched(read(0), options));
  }

  putNewBlob(read: () => Pieces, options?: WriteOptions): Promise<Promised> {
    return this.#write(watched(read(), options));
  }

  async readManifest(reference: string): Promise<StoredManifest | undefined> {
    const store = openFolder(this.#path, this.label);
    const index = await readLayoutIndex(store);
    return index === undefined ? undefined : openLayout(store, index.manifests).readManifest(reference);
  }

  async putManifest(manifest: StoredManifest, names: readonly string[]): Promise<void> {
    this.#manifests.add(manifest, names);
    const { digest, bytes } = manifest;
    await this.#putOnce({ digest, size: bytes.length }, () => piecesOf(bytes));
  }

  async commit(): Promise<void> {
    const index = join(this.#path, 'index.json');
    for (const algorithm of ALGORITHMS) {
      const folder = join(this.#path, 'blobs', algorithm);
      if (await exists(folder)) await confirmRenames(folder);
    }
    await withFileLock(index, async () => {
      const before = await readOwnIndex(this.#path, this.label);
      const merged = mergeEntries(before, this.#manifests.entries());
      await writeFileAtomic(index, JSON.stringify(merged), { mode: 0o644 });
    });
  }

  /** Blobs that came before stay: the next copy finds them there. */
  async close(): Promise<void> {
    await Promise.allSettled(this.#putting.values());
  }

  #blob(digest: Promised['digest']): string {
    return join(this.#path, blobPath(digest));
  }

  async #putOnce(blob: Promised, read: () => Pieces): Promise<void> {
    const before = this.#putting.get(blob.digest.text);
    if (before !== undefined) return before;
    const putting = this.#putNew(blob, read);
    this.#putting.set(blob.digest.text, putting);
    try {
      await putting;
    } finally {
      this.#putting.delete(blob.digest.text);
    }
  }

  async #putNew(blob: Promised, read: () => Pieces): Promise<void> {
    if (await this.hasBlob(blob)) return;
    await this.#write(verified(read(), blob, this.label), blob);
  }

  /** `blob` is what they must be, and have been checked for; else they are named by their sha256. */
  async #write(pieces: Pieces, blob?: Promised): Promise<Promised> {
    const part = await openPart(this.#path, PART);
    try {
      const made = blob === undefined ? await writeMeasured(part.file, pieces) : blob;
      if (blob !== undefined) for await (const piece of pieces) await writeAll(part.file, piece);
      const target = this.#blob(made.digest);
      await makeDirectory(join(target, '..'), 0o755);
      await part.commit(target);
      return made;
    } catch (error) {
      throw unwritable(this.#path, error);
    } finally {
      await part.discard();
    }
  }
}

/** A name replaces the entry that had it. An entry without one is added if its manifest is not listed yet. */
function mergeEntries(before: ImageIndex | undefined, entries: readonly JsonObject[]): JsonObject {
  const names = new Set(entries.map(nameOf).filter((name) => name !== undefined));
  const kept = (before?.manifests ?? [])
    .map(({ json }) => json)
    .filter((json) => !names.has(nameOf(json) ?? ''));
  const listed = new Set(kept.map((json) => json['digest']));
  const added = entries.filter((json) => nameOf(json) !== undefined || !listed.has(json['digest']));
  return { schemaVersion: 2, mediaType: OCI_INDEX, ...before?.json, manifests: [...kept, ...added] };
}

function nameOf({ annotations }: JsonObject): string | undefined {
  if (!isObject(annotations)) return undefined;
  const name = annotations[FULL_NAME] ?? annotations[REF_NAME];
  return typeof name === 'string' ? name : undefined;
}
