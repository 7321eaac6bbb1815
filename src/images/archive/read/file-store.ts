import type { FileHandle } from 'node:fs/promises';
import { readFully } from '../../tar/file-window.ts';

/** A file in an archive. */
export interface StoredFile {
  /** In bytes. */
  readonly size: number;
  /** Reads from this byte on. A piece is the reader's. */
  read(from: number, options?: ReadFileOptions): AsyncIterable<Uint8Array>;
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

/** Reads a part of a file in pieces. Ends early where the file does. */
export async function* readRange(
  file: FileHandle,
  { from, to }: { readonly from: number; readonly to: number },
  signal?: AbortSignal,
): AsyncIterable<Uint8Array> {
  for (let position = from; position < to;) {
    signal?.throwIfAborted();
    // A connection may still hold the piece before: each has memory of its own.
    const buffer = Buffer.allocUnsafeSlow(Math.min(PIECE_BYTES, to - position));
    const piece = await readFully(file, buffer, position);
    if (piece.length === 0) return;
    yield piece;
    position += piece.length;
  }
}

/** Reads a whole file of at most so many bytes. Undefined if it is larger. */
export async function readWhole(file: StoredFile, most: number): Promise<Buffer | undefined> {
  if (file.size > most) return undefined;
  const pieces: Buffer[] = [];
  for await (const piece of file.read(0)) pieces.push(Buffer.from(piece));
  return Buffer.concat(pieces);
}
