import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ConcurrencyLimiter } from '../../src/limits/concurrency-limiter.ts';

const NO_QUEUE = { all: undefined, each: undefined, waitMs: 0, mostWaiting: 0 };
const QUEUE = { ...NO_QUEUE, waitMs: 1000, mostWaiting: 10 };

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('a concurrency limiter without a queue', () => {
  it('grants as many permits as there are, and one more for each that is released', () => {
    const limiter = new ConcurrencyLimiter({ ...NO_QUEUE, all: 2 });
    expect(['1', '2', '3'].map((id) => limiter.acquire(id, undefined))).toEqual([true, true, false]);
    limiter.release('1');
    expect(['4', '5'].map((id) => limiter.acquire(id, undefined))).toEqual([true, false]);
  });

  it('counts each key by itself, and requests without a key against no key', () => {
    const limiter = new ConcurrencyLimiter({ ...NO_QUEUE, each: 1 });
    const entered = [
      ['1', 'a'],
      ['2', 'a'],
      ['3', 'b'],
      ['4', undefined],
      ['5', undefined],
    ] as const;
    expect(entered.map(([id, key]) => limiter.acquire(id, key))).toEqual([true, false, true, true, true]);
  });

  it('ignores the release of a permit that was refused, or released already', () => {
    const limiter = new ConcurrencyLimiter({ ...NO_QUEUE, each: 1 });
    limiter.acquire('1', 'a');
    limiter.acquire('2', 'a');
    limiter.release('2');
    expect(limiter.acquire('3', 'a')).toBe(false);
    limiter.release('1');
    limiter.release('1');
    expect(limiter.acquire('4', 'a')).toBe(true);
    expect(limiter.acquire('5', 'a')).toBe(false);
  });
});

describe('a concurrency limiter with a queue', () => {
  it('grants waiting requests in the order of arrival', async () => {
    const limiter = new ConcurrencyLimiter({ ...QUEUE, all: 1 });
    limiter.acquire('1', 'a');
    const second = limiter.acquire('2', 'b');
    const third = limiter.acquire('3', 'c');
    limiter.release('1');
    expect(await second).toBe(true);
    expect(limiter.count).toEqual({ granted: 1, waiting: 1 });
    limiter.release('2');
    expect(await third).toBe(true);
  });

  it('lets others pass a request whose own key is at its limit', async () => {
    const limiter = new ConcurrencyLimiter({ ...QUEUE, all: 2, each: 1 });
    limiter.acquire('1', 'a');
    limiter.acquire('2', 'b');
    const again = limiter.acquire('3', 'a');
    const other = limiter.acquire('4', 'c');
    limiter.release('2');
    expect(await other).toBe(true);
    expect(limiter.count).toEqual({ granted: 2, waiting: 1 });
    limiter.release('1');
    expect(await again).toBe(true);
  });

  it('refuses a request that has waited long enough', async () => {
    const limiter = new ConcurrencyLimiter({ ...QUEUE, all: 1 });
    limiter.acquire('1', 'a');
    const late = limiter.acquire('2', 'b');
    vi.advanceTimersByTime(1000);
    expect(await late).toBe(false);
    expect(limiter.count).toEqual({ granted: 1, waiting: 0 });
  });

  it('refuses at once where the queue is full', () => {
    const limiter = new ConcurrencyLimiter({ ...QUEUE, all: 1, mostWaiting: 1 });
    limiter.acquire('1', 'a');
    expect(limiter.acquire('2', 'b')).toBeInstanceOf(Promise);
    expect(limiter.acquire('3', 'c')).toBe(false);
  });

  it('does not grant a permit to a request that left the queue', async () => {
    const limiter = new ConcurrencyLimiter({ ...QUEUE, all: 1 });
    limiter.acquire('1', 'a');
    const gone = limiter.acquire('2', 'b');
    limiter.release('2');
    expect(await gone).toBe(false);
    limiter.release('1');
    expect(limiter.count).toEqual({ granted: 0, waiting: 0 });
  });

  it('releases all ids of one prefix, granted and waiting', async () => {
    const limiter = new ConcurrencyLimiter({ ...QUEUE, all: 2 });
    limiter.acquire('0/1', 'a');
    limiter.acquire('1/1', 'a');
    const mine = limiter.acquire('1/2', 'a');
    const other = limiter.acquire('10/1', 'b');
    limiter.releaseAll('1/');
    expect([await mine, await other]).toEqual([false, true]);
    expect(limiter.count).toEqual({ granted: 2, waiting: 0 });
  });
});

describe('any order of requests and releases', () => {
  const step = fc.record({
    enters: fc.boolean(),
    ticket: fc.nat({ max: 12 }),
    key: fc.constantFrom('a', 'b'),
  });

  it('never grants more than the limits, and leaves no request waiting for which a permit is free', () => {
    const holds = (steps: readonly { enters: boolean; ticket: number; key: string }[]): boolean => {
      const limiter = new ConcurrencyLimiter({ all: 3, each: 2, waitMs: 1000, mostWaiting: 3 });
      const seen = new Set<string>();
      for (const { enters, ticket, key } of steps) {
        const name = `${key}${ticket}`;
        if (!enters) limiter.release(name);
        else if (!seen.has(name)) void limiter.acquire(name, key);
        if (enters) seen.add(name);
        const { granted, waiting } = limiter.count;
        if (granted > 3 || waiting > 3 || (granted < 2 && waiting > 0)) return false;
      }
      for (const name of seen) limiter.release(name);
      return limiter.count.granted === 0 && limiter.count.waiting === 0;
    };
    expect(() => fc.assert(fc.property(fc.array(step, { maxLength: 60 }), holds))).not.toThrow();
  });
});
