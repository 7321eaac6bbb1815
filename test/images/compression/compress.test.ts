import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { Duplex } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { createCompressor } from '../../../src/images/compression/compress.ts';
import { decompressAny } from '../../../src/images/compression/decompress.ts';
import { through } from '../../../src/images/compression/through.ts';
import { writePiece } from '../../../src/images/compression/write-piece.ts';

type Pieces = AsyncIterable<Uint8Array>;

const NOISE = randomBytes(20 << 20);
const PIECE_BYTES = 64 * 1024;

async function* inPieces(bytes: Buffer): Pieces {
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) yield bytes.subarray(at, at + PIECE_BYTES);
}

async function gather(pieces: Pieces): Promise<Buffer> {
  const all: Buffer[] = [];
  for await (const piece of pieces) all.push(Buffer.from(piece));
  return Buffer.concat(all);
}

/** Noise without end, and when it was closed. */
function endless(): { readonly pieces: Pieces; readonly closed: Promise<void> } {
  const { promise, resolve } = Promise.withResolvers<void>();
  const pieces = async function* pieces(): Pieces {
    try {
      while (true) yield NOISE.subarray(0, 4 << 20);
    } finally {
      resolve();
    }
  };
  return { pieces: pieces(), closed: promise };
}

describe('compression', () => {
  it.each(['zstd', 'gzip'] as const)('keeps all of 20 MiB of noise: %s', async (format) => {
    // What does not shrink fills the output of the compressor again and again.
    const packed = through(inPieces(NOISE), createCompressor(format));
    const plain = await gather(decompressAny(packed, (reason) => new Error(`damaged: ${reason}`)));
    expect(plain.equals(NOISE)).toBe(true);
  });

  it('fails if the stream ends before it has taken everything', async () => {
    const early = new Duplex({
      read: () => undefined,
      write: (_piece, _encoding, done) => {
        early.push(null);
        early.once('end', () => done(new Error('it ended too early')));
      },
    });
    await expect(gather(through(inPieces(NOISE), early))).rejects.toThrow('it ended too early');
  });

  it('closes its source if the reader leaves, though the stream forgets a write', async () => {
    const source = endless();
    const forgetful = new Duplex({ read: () => void forgetful.push('x'), write: () => undefined });
    for await (const piece of through(source.pieces, forgetful)) {
      expect(piece.length).toBeGreaterThan(0);
      break;
    }
    await source.closed;
  });

  it.each([
    ['zstd', undefined, 'closed early'],
    ['zstd', new Error('the disk is full'), 'the disk is full'],
    ['gzip', undefined, 'closed early'],
    ['gzip', new Error('the disk is full'), 'the disk is full'],
  ] as const)(
    'fails a write if %s is destroyed while it waits for its reader: %s',
    async (format, cause, says) => {
      const stream = createCompressor(format);
      stream.on('error', () => undefined);
      const writing = writePiece(stream, NOISE);
      // Its first output fills it.
      await once(stream, 'readable');
      stream.destroy(cause);
      await expect(writing).rejects.toThrow(says);
      await expect(writePiece(stream, NOISE)).rejects.toThrow(cause === undefined ? 'destroyed' : says);
    },
  );
});
