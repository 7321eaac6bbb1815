import type { FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { Writable } from 'node:stream';
import { AppError, systemCode } from '../../../lib/errors.ts';
import { unwritableOutput } from '../../../lib/files/unwritable-output.ts';
import type { Compression } from '../../model/media-types.ts';
import { FileTarWriter } from './file-tar-writer.ts';
import type { TarDestination } from './layout-tar-target.ts';
import { confirmRenames, openPart, placeForFile, removeParts, unwritable } from './part-file.ts';
import { StreamTarWriter } from './stream-tar-writer.ts';

/** Opens a file for a tar: it is written beside, and gets its name at the end. Throws AppError FILE_UNWRITABLE. */
export async function openFileDestination(
  label: string,
  path: string,
  options: { readonly compression: Compression; readonly spoolFolder?: string },
): Promise<TarDestination> {
  const place = await placeForFile(path);
  await removeParts(place.folder, place.name);
  const part = await openPart(place.folder, place.name);
  const { compression, spoolFolder = place.folder } = options;
  return {
    label,
    unwritable: (cause) => unwritable(path, cause),
    spoolFolder,
    writer:
      compression === 'none'
        ? new FileTarWriter(part.file)
        : new StreamTarWriter(writableOf(part.file), compression, true),
    commit: async () => {
      await part.commit(place.path);
      await confirmRenames(place.folder);
    },
    discard: () => part.discard(),
  };
}

/** Writes a tar to a stream as it comes. What was sent can't be taken back: a reader sees that the tar has no end. */
export function openStreamDestination(options: {
  readonly output: Writable;
  readonly compression?: Compression;
  readonly spoolFolder?: string;
}): TarDestination {
  const { output, compression = 'none', spoolFolder = tmpdir() } = options;
  return {
    label: 'standard output',
    unwritable: (cause) =>
      cause instanceof AppError || systemCode(cause) === undefined ? cause : unwritableOutput(cause),
    spoolFolder,
    writer: new StreamTarWriter(output, compression, false),
    commit: async () => undefined,
    discard: async () => undefined,
  };
}

/** A stream that writes to a file and leaves it open: it is flushed and renamed afterwards. */
function writableOf(file: FileHandle): Writable {
  return new Writable({
    write: (piece: Uint8Array, _encoding, done) => {
      file.writeFile(piece).then(() => done(), done);
    },
  });
}
