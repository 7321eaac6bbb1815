import type { FileHandle } from 'node:fs/promises';
import { createHasher } from '../../../oci/digest.ts';
import type { Promised } from '../../model/verified.ts';
import type { Pieces, WriteOptions } from '../../store.ts';
import { writeAll } from '../../../lib/files/write-all.ts';

/** Passes pieces on, and counts them for who looks on. Ends if it is told to. */
export async function* watched(pieces: Pieces, { signal, onBytes }: WriteOptions = {}): Pieces {
  for await (const piece of pieces) {
    signal?.throwIfAborted();
    yield piece;
    onBytes?.(piece.byteLength);
  }
}

/** Writes pieces to the end of a file, and returns what they are. */
export async function writeMeasured(file: FileHandle, pieces: Pieces): Promise<Promised> {
  const hasher = createHasher('sha256');
  let size = 0;
  for await (const piece of pieces) {
    hasher.update(piece);
    size += await writeAll(file, piece);
  }
  const hex = hasher.digest('hex');
  return { digest: { algorithm: 'sha256', hex, text: `sha256:${hex}` }, size };
}
