/** Buffers that are used again. Whoever takes one gives it back, once nobody uses it any more. */
export interface BufferPool {
  /** Of the large size while few are out, of the small one beyond: look at its length. */
  take(): Buffer;
  give(buffer: Buffer): void;
}

export interface BufferPoolOptions {
  readonly largeBytes: number;
  readonly smallBytes: number;
  /** So many large ones are out at once. */
  readonly mostLarge: number;
}

/** So many of the small size are kept for the next use. */
const KEPT_SMALL = 64;

/**
 * The larger a piece, the cheaper its bytes; but what all transfers hold together has to stay small, and TLS holds as
 * much again. So the first transfers get large buffers, and those that come in a crowd small ones.
 */
export function createBufferPool({ largeBytes, smallBytes, mostLarge }: BufferPoolOptions): BufferPool {
  const large: Buffer[] = [];
  const small: Buffer[] = [];
  let out = 0;
  const takeLarge = (): Buffer => {
    out += 1;
    return large.pop() ?? Buffer.allocUnsafeSlow(largeBytes);
  };
  return {
    take: () => (out < mostLarge ? takeLarge() : (small.pop() ?? Buffer.allocUnsafeSlow(smallBytes))),
    give: (buffer) => {
      if (buffer.length === largeBytes) {
        out -= 1;
        large.push(buffer);
      } else if (small.length < KEPT_SMALL) small.push(buffer);
      // The collector is in no hurry, and a crowd would have as much again lying about.
      else if (buffer.buffer instanceof ArrayBuffer) buffer.buffer.transfer(0);
    },
  };
}

/** Half a megabyte for each of the first, which a measurement found best, and a fourth of that for the others. */
export const transferBuffers = createBufferPool({
  largeBytes: 512 * 1024,
  smallBytes: 128 * 1024,
  mostLarge: 16,
});

/** An upload on its way to the registry holds two, one being filled while the other leaves. In a crowd small ones cost no more. */
export const uploadBuffers = createBufferPool({
  largeBytes: 512 * 1024,
  smallBytes: 64 * 1024,
  mostLarge: 4,
});
