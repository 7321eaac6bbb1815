import type { FileHandle } from 'node:fs/promises';
import { readFully } from '../../tar/file-window.ts';

/** A file in an archive. */
export interface StoredFile {
  /** In bytes. */
  readonly size: number;
  /** Reads from this byte on. A piece is valid until the next one is asked for. */
  read(from: number, options?: ReadFileOptions): AsyncIterable<Uint8Array>;
  /** Reads all of it, into memory of its own. Less if the file ends early. */
  readWhole(): Promise<Buffer>;
}

interface ReadFileOptions {
  /** The byte before which it ends. Default: the size. */
  readonly to?: number;
  readonly signal?: AbortSignal | undefined;
}

/** The files of an archive by name, be it a tar or a folder. Nothing is extracted. */
export interface FileStore {
  /** How messages name it. */
  readonly label: string;
  /** Finds a file by its name in the archive, links followed within it. Throws AppError ARCHIVE_INVALID for hostile links. */
  find(name: string): Promise<StoredFile | undefined>;
  close(): Promise<void>;
}

const PIECE_BYTES = 512 * 1024;

/** Reads a part of a file in pieces, the next one while one is worked on. Ends early where the file does. */
export async function* readRange(
  file: FileHandle,
  { from, to }: { readonly from: number; readonly to: number },
  signal?: AbortSignal,
): AsyncIterable<Uint8Array> {
  const bytes = Math.max(0, Math.min(PIECE_BYTES, to - from));
  let next = Buffer.allocUnsafeSlow(bytes);
  let other = Buffer.allocUnsafeSlow(Math.max(0, Math.min(bytes, to - from - bytes)));
  const start = (buffer: Buffer, position: number): Promise<Buffer> => {
    const reading = readFully(file, buffer.subarray(0, Math.max(0, to - position)), position);
    // It is awaited in its turn.
    reading.catch(() => undefined);
    return reading;
  };
  let reading = start(next, from);
  try {
    for (let position = from; position < to;) {
      signal?.throwIfAborted();
      const piece = await reading;
      if (piece.length === 0) return;
      position += piece.length;
      [next, other] = [other, next];
      reading = start(next, position);
      yield piece;
    }
  } finally {
    // The file may be closed now, and the memory forgotten.
    await reading.catch(() => undefined);
  }
}

/** Reads a whole file of at most so many bytes. Undefined if it is larger. */
export async function readWhole(file: StoredFile, most: number): Promise<Buffer | undefined> {
  return file.size > most ? undefined : file.readWhole();
}
