import { availableParallelism } from 'node:os';
import type { Duplex } from 'node:stream';
import { constants, createGzip, createZstdCompress } from 'node:zlib';

const CHUNK_BYTES = 256 * 1024;

/**
 * Returns a stream that compresses. The same input gives the same bytes: zstd, which leaves one processor to the rest of
 * the work, cuts it into the same jobs whatever the number of its threads (zstd.h: ZSTD_c_nbWorkers).
 */
export function createCompressor(format: 'gzip' | 'zstd'): Duplex {
  if (format === 'gzip') return createGzip({ chunkSize: CHUNK_BYTES });
  const params = { [constants.ZSTD_c_nbWorkers]: Math.max(1, availableParallelism() - 1) };
  return createZstdCompress({ chunkSize: CHUNK_BYTES, params });
}
