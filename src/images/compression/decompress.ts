import { constants, createGunzip, createZstdDecompress } from 'node:zlib';
import { systemCode } from '../../lib/errors.ts';
import { compressionOf, MAGIC_BYTES, type ArchiveCompression } from './format.ts';
import { decompressByProgram } from './program.ts';
import { through } from './through.ts';
import { cutZstdFrames } from './zstd-frames.ts';

type Pieces = AsyncIterable<Uint8Array>;

/** Makes the error for bytes that can't be decompressed. */
type Damaged = (reason: string) => Error;

const CHUNK_BYTES = 256 * 1024;
/** As the zstd program does by default: a frame can't ask for more memory than 128 MiB. */
const ZSTD_PARAMS = { [constants.ZSTD_d_windowLogMax]: 27 };

/**
 * Decompresses pieces as they come; memory is bounded, whatever they expand to. bzip2 and xz are left to the system's
 * programs, as docker does with xz: the libraries for Node.js are unmaintained or many times slower.
 */
export async function* decompress(pieces: Pieces, format: ArchiveCompression, damaged: Damaged): Pieces {
  if (format === 'none') return yield* pieces;
  if (format === 'bzip2' || format === 'xz') return yield* decompressByProgram(pieces, format, damaged);
  try {
    yield* format === 'gzip'
      ? through(pieces, createGunzip({ chunkSize: CHUNK_BYTES }))
      : through(cutZstdFrames(pieces), createZstdDecompress({ chunkSize: CHUNK_BYTES, params: ZSTD_PARAMS }));
  } catch (error) {
    throw isDamage(error) ? damaged(`it is not whole or not ${format}`) : error;
  }
}

/** Decompresses what begins with the magic number of a format, and passes on what does not. */
export async function* decompressAny(pieces: Pieces, damaged: Damaged): Pieces {
  const iterator = pieces[Symbol.asyncIterator]();
  try {
    const begun: Buffer[] = [];
    let bytes = 0;
    while (bytes < MAGIC_BYTES) {
      const next = await iterator.next();
      if (next.done === true) break;
      // The piece is valid only until the next one is asked for.
      begun.push(Buffer.from(next.value));
      bytes += next.value.byteLength;
    }
    const head = Buffer.concat(begun);
    yield* decompress(resume(head, iterator), compressionOf(head), damaged);
  } finally {
    await iterator.return?.();
  }
}

async function* resume(head: Uint8Array, iterator: AsyncIterator<Uint8Array>): Pieces {
  yield head;
  for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) yield next.value;
}

function isDamage(error: unknown): boolean {
  return /^(?:Z_|ZSTD_)/.test(systemCode(error) ?? '');
}
