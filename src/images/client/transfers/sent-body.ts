import type { Pieces } from '../../store.ts';
import { mismatch } from './download.ts';
import type { Digest } from '../../../oci/digest.ts';

/** Tells the position that was sent up to. */
export type Tell = (at: number) => void;

/** A stream that is sent once, and why it could not be read, if it could not. */
export interface SentBody {
  readonly pieces: AsyncIterable<Uint8Array>;
  /** What its source threw. It is not the registry's fault, and nothing is tried again. */
  failure(): unknown;
}

interface Part {
  /** The first byte. */
  readonly from: number;
  /** How many bytes are sent. */
  readonly length: number;
  readonly blob: { readonly digest: Digest; readonly size: number };
  readonly tell: Tell;
}

/** Reads exactly this part of a blob. A source with fewer bytes, or more than the blob has, fails. */
export function createSentBody(read: (from: number) => Pieces, part: Part): SentBody {
  let failure: unknown;
  return {
    failure: () => failure,
    pieces: guarded(partOf(read, part), (error) => {
      failure = error;
    }),
  };
}

async function* partOf(read: (from: number) => Pieces, { from, length, blob, tell }: Part): Pieces {
  const end = from + length;
  let at = from;
  for await (const piece of read(from)) {
    if (at + piece.length > blob.size) throw mismatch(blob, `it has more than ${blob.size} bytes`);
    const wanted = at + piece.length > end ? piece.subarray(0, end - at) : piece;
    at += wanted.length;
    if (wanted.length > 0) yield wanted;
    tell(at);
    if (at === end && end < blob.size) return;
  }
  if (at < end) throw mismatch(blob, `it ends after ${at} of ${blob.size} bytes`);
}

/** Not by `yield*`, which would also take what the connection throws into this generator for a failure of the source. */
async function* guarded(pieces: Pieces, onFailure: (error: unknown) => void): Pieces {
  const iterator = pieces[Symbol.asyncIterator]();
  const step = (): Promise<IteratorResult<Uint8Array, unknown>> =>
    iterator.next().catch((error: unknown) => {
      onFailure(error);
      throw error;
    });
  try {
    for (let next = await step(); next.done !== true; next = await step()) yield next.value;
  } finally {
    await iterator.return?.();
  }
}

/** Wraps pieces of unknown length: `onPiece` sees each of them. */
export function createWatchedBody(read: () => Pieces, onPiece: (piece: Uint8Array) => void): SentBody {
  let failure: unknown;
  const watched = async function* (): Pieces {
    for await (const piece of read()) {
      onPiece(piece);
      yield piece;
    }
  };
  return {
    failure: () => failure,
    pieces: guarded(watched(), (error) => {
      failure = error;
    }),
  };
}
