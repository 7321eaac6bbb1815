import { describe, expect, it } from 'vitest';
import { BodyMemory, MemorySink } from '../../../../src/backend/embedded/store/memory-sink.ts';

const KIB = 1024;
const large = Buffer.alloc(4 * 1024 * KIB, 'a');

describe('bodies that are kept in memory', () => {
  it('come back whole, in whatever pieces they came', () => {
    const bytes = Buffer.from(Array.from({ length: 200_000 }, (_, at) => at % 251));
    for (const piece of [1, 13, 4096, 70_000, 200_000]) {
      const sink = new MemorySink(new BodyMemory());
      for (let at = 0; at < bytes.length; at += piece) sink.write(bytes.subarray(at, at + piece));
      expect(sink.bytes().equals(bytes)).toBe(true);
    }
  });

  it('share a bound when they are large, and give back what they took', () => {
    const memory = new BodyMemory();
    const sinks = Array.from({ length: 40 }, () => new MemorySink(memory));
    for (const sink of sinks) sink.write(large);
    const refused = sinks.filter(({ refusal }) => refusal !== undefined);
    expect(refused.length).toBeGreaterThan(20);
    expect(refused.length).toBeLessThan(30);
    expect(refused[0]?.refusal?.status).toBe(503);
    const small = new MemorySink(memory);
    small.write(large.subarray(0, 60 * KIB));
    expect(small.refusal).toBeUndefined();
    for (const sink of sinks) sink.close();
    const next = new MemorySink(memory);
    next.write(large);
    expect(next.refusal).toBeUndefined();
  });
});
