import type { Duplex } from 'node:stream';
import { writePiece } from './write-piece.ts';

type Pieces = AsyncIterable<Uint8Array>;

/**
 * Passes pieces through a stream, such as one that compresses. The next piece is asked for when the stream has taken the
 * one before, so that its memory may be used again. The stream is destroyed at the end.
 */
export async function* through(pieces: Pieces, stream: Duplex): Pieces {
  let failure: Error | undefined;
  const feeding = feed(pieces, stream).catch((error: unknown) => {
    failure = error instanceof Error ? error : new Error(String(error));
    stream.destroy(failure);
  });
  // A stream that has ended already still tells of its failure, to nobody else.
  stream.on('error', () => undefined);
  try {
    for await (const piece of stream) yield piece;
    await feeding;
    if (failure !== undefined) throw failure;
  } finally {
    stream.destroy();
  }
}

async function feed(pieces: Pieces, stream: Duplex): Promise<void> {
  for await (const piece of pieces) await writePiece(stream, piece);
  stream.end();
}
