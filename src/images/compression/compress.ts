import type { Duplex } from 'node:stream';
import { createGzip, createZstdCompress } from 'node:zlib';

const CHUNK_BYTES = 256 * 1024;

/**
 * Returns a stream that compresses. The same input gives the same bytes. zstd gets no threads of its own: with them it may
 * leave input although there is room for output, which Node.js takes for the end, and what is left is lost.
 */
export function createCompressor(format: 'gzip' | 'zstd'): Duplex {
  return format === 'gzip'
    ? createGzip({ chunkSize: CHUNK_BYTES })
    : createZstdCompress({ chunkSize: CHUNK_BYTES });
}
