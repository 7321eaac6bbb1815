import { describe, expect, it } from 'vitest';
import { createBufferPool } from '../../../src/lib/streams/buffers.ts';

function pool(): ReturnType<typeof createBufferPool> {
  return createBufferPool({ largeBytes: 64, smallBytes: 16, mostLarge: 2 });
}

describe('a pool of buffers', () => {
  it('gives large ones first, small ones in a crowd, and large ones again when the crowd has gone', () => {
    const { take, give } = pool();
    const taken = [take(), take(), take(), take()];
    expect(taken.map((buffer) => buffer.length)).toEqual([64, 64, 16, 16]);
    for (const buffer of taken) give(buffer);
    expect([take(), take(), take()].map((buffer) => buffer.length)).toEqual([64, 64, 16]);
  });

  it('M-B10p: gives the least ones once all others are out', () => {
    const { take, give } = createBufferPool({
      largeBytes: 64,
      smallBytes: 16,
      mostLarge: 1,
      mostSmall: 2,
      leastBytes: 4,
    });
    const taken = [take(), take(), take(), take(), take()];
    expect(taken.map((buffer) => buffer.length)).toEqual([64, 16, 16, 4, 4]);
    for (const buffer of taken) give(buffer);
    expect([take(), take(), take(), take()].map((buffer) => buffer.length)).toEqual([64, 16, 16, 4]);
  });

  it('gives the same ones again', () => {
    const { take, give } = pool();
    const first = [take(), take(), take()];
    for (const buffer of first) give(buffer);
    expect(new Set([take(), take(), take()])).toEqual(new Set(first));
  });

  it('keeps those of a crowd, and frees at once what is too many of them', () => {
    const { take, give } = pool();
    const taken = Array.from({ length: 2 + 64 + 3 }, take);
    for (const buffer of taken) give(buffer);
    expect(taken.map((buffer) => buffer.length)).toEqual([64, 64, ...Array(64).fill(16), 0, 0, 0]);
  });

  it('never gives one to two', () => {
    const { take } = pool();
    const taken = Array.from({ length: 10 }, take);
    expect(new Set(taken.map((buffer) => buffer.buffer)).size).toBe(10);
  });
});
