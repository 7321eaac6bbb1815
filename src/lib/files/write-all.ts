import type { FileHandle } from 'node:fs/promises';

/** How much is written at once, in bytes: a call for each piece of a network read would cost more than the writing. */
const BATCH_BYTES = 512 * 1024;

/** Joins pieces to lists of about half a megabyte, without copying them. */
export async function* batches(pieces: AsyncIterable<Uint8Array>): AsyncIterable<readonly Uint8Array[]> {
  let batch: Uint8Array[] = [];
  let size = 0;
  for await (const piece of pieces) {
    batch.push(piece);
    size += piece.byteLength;
    if (size < BATCH_BYTES) continue;
    yield batch;
    batch = [];
    size = 0;
  }
  if (size > 0) yield batch;
}

/** Writes pieces one behind the other from a position on, or to the end of the file. Returns how many bytes they have. */
export async function writeAll(
  file: FileHandle,
  pieces: readonly Uint8Array[],
  position?: number,
): Promise<number> {
  const size = pieces.reduce((sum, { byteLength }) => sum + byteLength, 0);
  let left = pieces;
  for (let done = 0; done < size;) {
    const { bytesWritten } = await file.writev(left, position === undefined ? undefined : position + done);
    done += bytesWritten;
    left = behind(left, bytesWritten);
  }
  return size;
}

/** Returns what is left of pieces behind so many bytes. */
function behind(pieces: readonly Uint8Array[], bytes: number): readonly Uint8Array[] {
  let skip = bytes;
  const left: Uint8Array[] = [];
  for (const piece of pieces) {
    if (skip >= piece.byteLength) skip -= piece.byteLength;
    else {
      left.push(piece.subarray(skip));
      skip = 0;
    }
  }
  return left;
}
