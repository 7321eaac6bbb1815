import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Turnstile } from '../../src/limits/concurrency-limiter.ts';

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
    const turnstile = new Turnstile({ ...NO_LINE, all: 2 });
    expect(['1', '2', '3'].map((ticket) => turnstile.enter(ticket, undefined))).toEqual([true, true, false]);
    turnstile.leave('1');
    expect(['4', '5'].map((ticket) => turnstile.enter(ticket, undefined))).toEqual([true, false]);
  });

  it('counts each key apart, and those without one not at all', () => {
    const turnstile = new Turnstile({ ...NO_LINE, each: 1 });
    const entered = [
      ['1', 'a'],
      ['2', 'a'],
      ['3', 'b'],
      ['4', undefined],
      ['5', undefined],
    ] as const;
    expect(entered.map(([ticket, key]) => turnstile.enter(ticket, key))).toEqual([
      true,
      false,
      true,
      true,
      true,
    ]);
  });

  it('is not changed by a ticket that was refused, or has left already', () => {
    const turnstile = new Turnstile({ ...NO_LINE, each: 1 });
    turnstile.enter('1', 'a');
    turnstile.enter('2', 'a');
    turnstile.leave('2');
    expect(turnstile.enter('3', 'a')).toBe(false);
    turnstile.leave('1');
    turnstile.leave('1');
    expect(turnstile.enter('4', 'a')).toBe(true);
    expect(turnstile.enter('5', 'a')).toBe(false);
  });
});

describe('a turnstile with a line', () => {
  it('lets in who waits, in the order of arrival', async () => {
    const turnstile = new Turnstile({ ...LINE, all: 1 });
    turnstile.enter('1', 'a');
    const second = turnstile.enter('2', 'b');
    const third = turnstile.enter('3', 'c');
    turnstile.leave('1');
    expect(await second).toBe(true);
    expect(turnstile.count).toEqual({ inside: 1, waiting: 1 });
    turnstile.leave('2');
    expect(await third).toBe(true);
  });

  it('lets pass by whose own key is full', async () => {
    const turnstile = new Turnstile({ ...LINE, all: 2, each: 1 });
    turnstile.enter('1', 'a');
    turnstile.enter('2', 'b');
    const again = turnstile.enter('3', 'a');
    const other = turnstile.enter('4', 'c');
    turnstile.leave('2');
    expect(await other).toBe(true);
    expect(turnstile.count).toEqual({ inside: 2, waiting: 1 });
    turnstile.leave('1');
    expect(await again).toBe(true);
  });

  it('sends away who has waited long enough', async () => {
    const turnstile = new Turnstile({ ...LINE, all: 1 });
    turnstile.enter('1', 'a');
    const late = turnstile.enter('2', 'b');
    vi.advanceTimersByTime(1000);
    expect(await late).toBe(false);
    expect(turnstile.count).toEqual({ inside: 1, waiting: 0 });
  });

  it('sends away at once where the line is full', () => {
    const turnstile = new Turnstile({ ...LINE, all: 1, mostWaiting: 1 });
    turnstile.enter('1', 'a');
    expect(turnstile.enter('2', 'b')).toBeInstanceOf(Promise);
    expect(turnstile.enter('3', 'c')).toBe(false);
  });

  it('gives the place in line of who leaves to nobody else', async () => {
    const turnstile = new Turnstile({ ...LINE, all: 1 });
    turnstile.enter('1', 'a');
    const gone = turnstile.enter('2', 'b');
    turnstile.leave('2');
    expect(await gone).toBe(false);
    turnstile.leave('1');
    expect(turnstile.count).toEqual({ inside: 0, waiting: 0 });
  });

  it('forgets all of one holder, inside and in line', async () => {
    const turnstile = new Turnstile({ ...LINE, all: 2 });
    turnstile.enter('0/1', 'a');
    turnstile.enter('1/1', 'a');
    const mine = turnstile.enter('1/2', 'a');
    const other = turnstile.enter('10/1', 'b');
    turnstile.leaveAll('1/');
    expect([await mine, await other]).toEqual([false, true]);
    expect(turnstile.count).toEqual({ inside: 2, waiting: 0 });
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
      const turnstile = new Turnstile({ all: 3, each: 2, waitMs: 1000, mostWaiting: 3 });
      const seen = new Set<string>();
      for (const { enters, ticket, key } of steps) {
        const name = `${key}${ticket}`;
        if (!enters) turnstile.leave(name);
        else if (!seen.has(name)) void turnstile.enter(name, key);
        if (enters) seen.add(name);
        const { inside, waiting } = turnstile.count;
        if (inside > 3 || waiting > 3 || (inside < 2 && waiting > 0)) return false;
      }
      for (const name of seen) turnstile.leave(name);
      return turnstile.count.inside === 0 && turnstile.count.waiting === 0;
    };
    expect(() => fc.assert(fc.property(fc.array(step, { maxLength: 60 }), holds))).not.toThrow();
  });
});
