import { randomBytes } from 'node:crypto';
import { Duplex } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { createCompressor } from '../../../src/images/compression/compress.ts';
import { decompressAny } from '../../../src/images/compression/decompress.ts';
import { through } from '../../../src/images/compression/through.ts';

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
});
