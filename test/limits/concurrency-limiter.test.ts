import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ConcurrencyLimiter } from '../../src/limits/concurrency-limiter.ts';

const NO_LINE = { all: undefined, each: undefined, waitMs: 0, mostWaiting: 0 };
const LINE = { ...NO_LINE, waitMs: 1000, mostWaiting: 10 };

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('a turnstile without a line', () => {
  it('lets in as many as there may be, and the next one for each that leaves', () => {
    const limiter = new ConcurrencyLimiter({ ...NO_LINE, all: 2 });
    expect(['1', '2', '3'].map((ticket) => limiter.acquire(ticket, undefined))).toEqual([true, true, false]);
    limiter.release('1');
    expect(['4', '5'].map((ticket) => limiter.acquire(ticket, undefined))).toEqual([true, false]);
  });

  it('counts each key apart, and those without one not at all', () => {
    const limiter = new ConcurrencyLimiter({ ...NO_LINE, each: 1 });
    const entered = [
      ['1', 'a'],
      ['2', 'a'],
      ['3', 'b'],
      ['4', undefined],
      ['5', undefined],
    ] as const;
    expect(entered.map(([ticket, key]) => limiter.acquire(ticket, key))).toEqual([
      true,
      false,
      true,
      true,
      true,
    ]);
  });

  it('is not changed by a ticket that was refused, or has left already', () => {
    const limiter = new ConcurrencyLimiter({ ...NO_LINE, each: 1 });
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

describe('a turnstile with a line', () => {
  it('lets in who waits, in the order of arrival', async () => {
    const limiter = new ConcurrencyLimiter({ ...LINE, all: 1 });
    limiter.acquire('1', 'a');
    const second = limiter.acquire('2', 'b');
    const third = limiter.acquire('3', 'c');
    limiter.release('1');
    expect(await second).toBe(true);
    expect(limiter.count).toEqual({ inside: 1, waiting: 1 });
    limiter.release('2');
    expect(await third).toBe(true);
  });

  it('lets pass by whose own key is full', async () => {
    const limiter = new ConcurrencyLimiter({ ...LINE, all: 2, each: 1 });
    limiter.acquire('1', 'a');
    limiter.acquire('2', 'b');
    const again = limiter.acquire('3', 'a');
    const other = limiter.acquire('4', 'c');
    limiter.release('2');
    expect(await other).toBe(true);
    expect(limiter.count).toEqual({ inside: 2, waiting: 1 });
    limiter.release('1');
    expect(await again).toBe(true);
  });

  it('sends away who has waited long enough', async () => {
    const limiter = new ConcurrencyLimiter({ ...LINE, all: 1 });
    limiter.acquire('1', 'a');
    const late = limiter.acquire('2', 'b');
    vi.advanceTimersByTime(1000);
    expect(await late).toBe(false);
    expect(limiter.count).toEqual({ inside: 1, waiting: 0 });
  });

  it('sends away at once where the line is full', () => {
    const limiter = new ConcurrencyLimiter({ ...LINE, all: 1, mostWaiting: 1 });
    limiter.acquire('1', 'a');
    expect(limiter.acquire('2', 'b')).toBeInstanceOf(Promise);
    expect(limiter.acquire('3', 'c')).toBe(false);
  });

  it('gives the place in line of who leaves to nobody else', async () => {
    const limiter = new ConcurrencyLimiter({ ...LINE, all: 1 });
    limiter.acquire('1', 'a');
    const gone = limiter.acquire('2', 'b');
    limiter.release('2');
    expect(await gone).toBe(false);
    limiter.release('1');
    expect(limiter.count).toEqual({ inside: 0, waiting: 0 });
  });

  it('forgets all of one holder, inside and in line', async () => {
    const limiter = new ConcurrencyLimiter({ ...LINE, all: 2 });
    limiter.acquire('0/1', 'a');
    limiter.acquire('1/1', 'a');
    const mine = limiter.acquire('1/2', 'a');
    const other = limiter.acquire('10/1', 'b');
    limiter.releaseAll('1/');
    expect([await mine, await other]).toEqual([false, true]);
    expect(limiter.count).toEqual({ inside: 2, waiting: 0 });
  });
});

describe('whatever comes and goes', () => {
  const step = fc.record({
    enters: fc.boolean(),
    ticket: fc.nat({ max: 12 }),
    key: fc.constantFrom('a', 'b'),
  });

  it('never holds more than it may, and leaves nobody waiting for whom there is room', () => {
    const holds = (steps: readonly { enters: boolean; ticket: number; key: string }[]): boolean => {
      const limiter = new ConcurrencyLimiter({ all: 3, each: 2, waitMs: 1000, mostWaiting: 3 });
      const seen = new Set<string>();
      for (const { enters, ticket, key } of steps) {
        const name = `${key}${ticket}`;
        if (!enters) limiter.release(name);
        else if (!seen.has(name)) void limiter.acquire(name, key);
        if (enters) seen.add(name);
        const { inside, waiting } = limiter.count;
        if (inside > 3 || waiting > 3 || (inside < 2 && waiting > 0)) return false;
      }
      for (const name of seen) limiter.release(name);
      return limiter.count.inside === 0 && limiter.count.waiting === 0;
    };
    expect(() => fc.assert(fc.property(fc.array(step, { maxLength: 60 }), holds))).not.toThrow();
  });
});
