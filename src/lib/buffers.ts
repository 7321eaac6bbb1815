/** Buffers of one size that are used again. Whoever takes one gives it back, once nobody uses it any more. */
export interface BufferPool {
  take(): Buffer;
  give(buffer: Buffer): void;
}

/** Keeps so many for the next use; what is given back beyond that goes to the collector. */
export function createBufferPool(bytes: number, most: number): BufferPool {
  const kept: Buffer[] = [];
  return {
    take: () => kept.pop() ?? Buffer.allocUnsafeSlow(bytes),
    give: (buffer) => {
      if (kept.length < most) kept.push(buffer);
    },
  };
}

/** Half a megabyte each. */
export const largeBuffers = createBufferPool(512 * 1024, 32);

/** A buffer of half a megabyte, to be given back with `giveBuffer`. */
export function takeBuffer(): Buffer {
  return largeBuffers.take();
}

export function giveBuffer(buffer: Buffer): void {
  largeBuffers.give(buffer);
}
