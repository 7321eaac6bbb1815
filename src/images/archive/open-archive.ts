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
import { openDockerArchive, readDockerEntries } from './read/docker-source.ts';
import { holdsManifest, withRepoTags } from './read/layout-entries.ts';
import { openLayout, readLayoutIndex } from './read/oci-source.ts';
import { DOCKER_REPOSITORIES_NAME } from './layout/docker-manifest.ts';
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
    return await openImages(store);
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** Prefers the layout, whose manifests are those that were pushed. An archive may have one that lacks its blobs. */
async function openImages(store: FileStore): Promise<ArchiveSource> {
  const index = await readLayoutIndex(store);
  if (index !== undefined && (await holdsManifest(store, index.manifests)))
    return openLayout(store, await withRepoTags(store, index.manifests));
  const entries = await readDockerEntries(store);
  if (entries !== undefined) return openDockerArchive(store, entries);
  if (index !== undefined) return openLayout(store, index.manifests);
  const isOld = (await store.find(DOCKER_REPOSITORIES_NAME)) !== undefined;
  throw invalidArchive(
    store.label,
    isOld
      ? 'it was saved by a docker older than 1.10, without a manifest.json'
      : 'it holds no image: neither an index.json nor a manifest.json',
  );
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
