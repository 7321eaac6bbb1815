import { describe, expect, it } from 'vitest';
import { JoinedBytes } from '../../../src/lib/streams/joined-bytes.ts';

describe('joined bytes', () => {
  it.each<readonly [name: string, size: number, piece: number]>([
    ['nothing', 0, 1],
    ['single bytes', 20_000, 1],
    ['pieces of a block', 65_536, 16_384],
    ['pieces across blocks', 100_000, 16_385],
    ['one large piece', 100_000, 100_000],
  ])('are what was added: %s', (_name, size, piece) => {
    const bytes = Buffer.from(Array.from({ length: size }, (_value, at) => at % 251));
    const joined = new JoinedBytes();
    const memory = Buffer.alloc(piece);
    for (let at = 0; at < size; at += piece) {
      const copied = bytes.copy(memory, 0, at, at + piece);
      joined.add(memory.subarray(0, copied));
      memory.fill(255);
    }
    expect(joined.length).toBe(size);
    expect(joined.join().equals(bytes)).toBe(true);
  });
});
