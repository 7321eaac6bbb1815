/** A pool of buffers. Each buffer that is taken must be given back when it is no longer used. */
export interface BufferPool {
  /** Takes a buffer: a large one while few are out, then a small one, then one of the least size. */
  take(): Buffer;
  give(buffer: Buffer): void;
}

interface BufferPoolOptions {
  readonly largeBytes: number;
  readonly smallBytes: number;
  /** How many large buffers are out at once. */
  readonly mostLarge: number;
  /** The size of the buffers that are taken when `mostSmall` small ones are out too. Default: small ones without limit. */
  readonly leastBytes?: number;
  readonly mostSmall?: number;
}

/** How many small buffers are kept for the next use. */
const KEPT_SMALL = 64;

/**
 * The larger a chunk, the cheaper its bytes. But the memory of all transfers together must stay small, and TLS needs as
 * much again. So the first transfers get large buffers, and the others small ones.
 */
export function createBufferPool(options: BufferPoolOptions): BufferPool {
  const { largeBytes, smallBytes, mostLarge, leastBytes = smallBytes, mostSmall = Infinity } = options;
  const sizes = [
    createSize({ bytes: largeBytes, most: mostLarge, kept: mostLarge }),
    createSize({ bytes: smallBytes, most: mostSmall, kept: KEPT_SMALL }),
    createSize({ bytes: leastBytes, most: Infinity, kept: 0 }),
  ] as const;
  const [large, small, least] = sizes;
  return {
    take: () => large.take() ?? small.take() ?? least.take() ?? Buffer.allocUnsafeSlow(leastBytes),
    give: (buffer) => (sizes.find(({ bytes }) => bytes === buffer.length) ?? least).give(buffer),
  };
}

interface Size {
  readonly bytes: number;
  /** Returns undefined if all buffers are out. */
  take(): Buffer | undefined;
  give(buffer: Buffer): void;
}

function createSize({
  bytes,
  most,
  kept,
}: {
  readonly bytes: number;
  readonly most: number;
  /** How many are kept for the next use. */
  readonly kept: number;
}): Size {
  const free: Buffer[] = [];
  let out = 0;
  return {
    bytes,
    take: () => {
      if (out >= most) return undefined;
      out += 1;
      return free.pop() ?? Buffer.allocUnsafeSlow(bytes);
    },
    give: (buffer) => {
      out -= 1;
      if (free.length < kept) free.push(buffer);
      // The garbage collector works late: otherwise the released buffers would take as much memory again.
      else if (buffer.buffer instanceof ArrayBuffer) buffer.buffer.transfer(0);
    },
  };
}

/**
 * Half a megabyte for each of the first transfers, which a measurement found best, a fourth of that for the next, and
 * little for the rest: so many transfers at once are limited by the network, not by the processor, and each stalled one
 * holds its buffer.
 */
export const transferBuffers = createBufferPool({
  largeBytes: 512 * 1024,
  smallBytes: 128 * 1024,
  mostLarge: 16,
  mostSmall: 112,
  leastBytes: 32 * 1024,
});

/** An upload to the registry holds two buffers: one is filled while the other is sent. With many uploads, small buffers cost no more. */
export const uploadBuffers = createBufferPool({
  largeBytes: 512 * 1024,
  smallBytes: 64 * 1024,
  mostLarge: 4,
});
