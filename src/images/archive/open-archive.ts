import type { FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { decompressAny } from '../compression/decompress.ts';
import { compressionOf, MAGIC_BYTES } from '../compression/format.ts';
import type { ArchiveLocation } from '../name/location.ts';
import { readFully } from '../tar/file-window.ts';
import { invalidArchive } from '../tar/invalid-archive.ts';
import type { ArchiveSource } from './read/archive-source.ts';
import type { FileStore } from './read/file-store.ts';
import { openFolder } from './read/folder-store.ts';
import { openLayout, readLayoutIndex } from './read/oci-source.ts';
import { openFile } from './read/open-file.ts';
import { spool } from './read/spool.ts';
import { openTar } from './read/tar-store.ts';

export interface OpenArchiveOptions {
  /** What a location of the kind `stream` reads: standard input. */
  readonly input?: AsyncIterable<Uint8Array>;
  /** Where what is compressed, or comes by a stream, is kept uncompressed for as long as it is open. Default: TMPDIR. */
  readonly spoolFolder?: string;
  readonly signal?: AbortSignal;
}

type Place = ArchiveLocation | { readonly kind: 'stream' };

/**
 * Opens an archive of images, a file, a folder or a stream. What it is shows its content, not its name: a tar, or one
 * that is compressed as a whole, that holds an image layout, or what `docker save` writes, or both. A file that is not
 * compressed is read where it stands. Throws AppError ARCHIVE_INVALID and FILE_UNREADABLE.
 */
export async function openArchive(place: Place, options: OpenArchiveOptions = {}): Promise<ArchiveSource> {
  const store = await openStore(place, options);
  try {
    const index = await readLayoutIndex(store);
    if (index !== undefined) return openLayout(store, index);
    throw invalidArchive(store.label, 'it holds no image: neither an index.json nor a manifest.json');
  } catch (error) {
    await store.close();
    throw error;
  }
}

async function openStore(place: Place, options: OpenArchiveOptions): Promise<FileStore> {
  if (place.kind === 'stream') {
    const label = 'standard input';
    return openTar(await expand(options.input ?? nothing(), label, options), label);
  }
  const label = `${place.kind}:${place.path}`;
  const file = await openFile(place.path);
  if (file === undefined) return openFolder(place.path, label);
  return openTar(await plainFile(file, label, options), label);
}

/** Returns the file itself if it is an uncompressed one, else one that holds what it expands to. */
async function plainFile(file: FileHandle, label: string, options: OpenArchiveOptions): Promise<FileHandle> {
  let isKept = false;
  try {
    const isRegular = (await file.stat()).isFile();
    const head = isRegular ? await readFully(file, Buffer.alloc(MAGIC_BYTES), 0) : undefined;
    isKept = head !== undefined && compressionOf(head) === 'none';
    return isKept
      ? file
      : await expand(
          file.createReadStream({ autoClose: false, ...(isRegular ? { start: 0 } : {}) }),
          label,
          options,
        );
  } finally {
    if (!isKept) await file.close();
  }
}

async function expand(
  pieces: AsyncIterable<Uint8Array>,
  label: string,
  { spoolFolder = tmpdir(), signal }: OpenArchiveOptions,
): Promise<FileHandle> {
  let read = 0;
  const counted = async function* counted(): AsyncIterable<Uint8Array> {
    for await (const piece of pieces) {
      read += piece.byteLength;
      yield piece;
    }
  };
  const plain = decompressAny(counted(), (reason) => invalidArchive(label, reason));
  return spool(plain, { folder: spoolFolder, label, compressedBytes: () => read, signal });
}

async function* nothing(): AsyncIterable<Uint8Array> {
  // No input was given.
}
