/** Buffers that are used again. Whoever takes one gives it back, once nobody uses it any more. */
export interface BufferPool {
  /** Of the large size while few are out, of the small and the least one beyond: look at its length. */
  take(): Buffer;
  give(buffer: Buffer): void;
}

export interface BufferPoolOptions {
  readonly largeBytes: number;
  readonly smallBytes: number;
  /** So many large ones are out at once. */
  readonly mostLarge: number;
  /** The size of what is taken once `mostSmall` small ones are out too. Default: small ones without end. */
  readonly leastBytes?: number;
  readonly mostSmall?: number;
}

/** So many of the small size are kept for the next use. */
const KEPT_SMALL = 64;

/**
 * The larger a piece, the cheaper its bytes; but what all transfers hold together has to stay small, and TLS holds as
 * much again. So the first transfers get large buffers, and those that come in a crowd small ones.
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
  /** Undefined where all that there may be are out. */
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
  /** So many are kept for the next use. */
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
      // The collector is in no hurry, and a crowd would have as much again lying about.
      else if (buffer.buffer instanceof ArrayBuffer) buffer.buffer.transfer(0);
    },
  };
}

/**
 * Half a megabyte for each of the first, which a measurement found best, a fourth of that for the next, and little for
 * what comes then: so many transfers at once are held up by the line, not by the processor, and each that stands still
 * holds its buffer.
 */
export const transferBuffers = createBufferPool({
  largeBytes: 512 * 1024,
  smallBytes: 128 * 1024,
  mostLarge: 16,
  mostSmall: 112,
  leastBytes: 32 * 1024,
});

/** An upload on its way to the registry holds two, one being filled while the other leaves. In a crowd small ones cost no more. */
export const uploadBuffers = createBufferPool({
  largeBytes: 512 * 1024,
  smallBytes: 64 * 1024,
  mostLarge: 4,
});
