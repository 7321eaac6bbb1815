import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createIdleWatch } from '../../../src/lib/streams/idle-watch.ts';
import type { IdleWatch, Progress, Wait } from '../../../src/lib/streams/idle-watch.ts';

const LIMITS = { connect: 1000, 'client-body': 2000, 'client-reading': 3000, backend: 9000 } as const;

let now = 0;
let watch: IdleWatch;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  now = 0;
  watch = createIdleWatch(LIMITS, () => now);
});
afterEach(() => {
  watch.close();
  vi.useRealTimers();
});

/** Lets the clock go on, in the steps in which the watch looks. */
function pass(ms: number): void {
  for (let passed = 0; passed < ms; passed += 50) {
    now += 50;
    vi.advanceTimersByTime(50);
  }
}

function watched(progress: () => Progress): readonly Wait[] {
  const expired: Wait[] = [];
  watch.add({ progress, expire: (wait) => void expired.push(wait) });
  return expired;
}

describe('what stands still', () => {
  for (const [wait, limit] of Object.entries(LIMITS) as [Wait, number][]) {
    it(`is ended after the limit of ${wait}, once`, () => {
      const expired = watched(() => ({ waitingFor: wait, moved: 7 }));
      pass(limit - 100);
      expect(expired).toEqual([]);
      pass(600);
      expect(expired).toEqual([wait]);
      pass(20_000);
      expect(expired).toEqual([wait]);
    });
  }

  it('is left alone as soon as it is removed', () => {
    const one = {
      progress: (): Progress => ({ waitingFor: 'connect', moved: 0 }),
      expire: vi.fn<() => void>(),
    };
    watch.add(one);
    pass(900);
    watch.remove(one);
    pass(10_000);
    expect(one.expire).not.toHaveBeenCalled();
  });

  it('is left alone once the watch is closed', () => {
    const expired = watched(() => ({ waitingFor: 'connect', moved: 0 }));
    watch.close();
    pass(10_000);
    expect(expired).toEqual([]);
  });

  it('does not hold up the others', () => {
    let moved = 0;
    const still = watched(() => ({ waitingFor: 'connect', moved: 0 }));
    const moving = watched(() => ({ waitingFor: 'connect', moved: (moved += 1) }));
    pass(5000);
    expect([still, moving]).toEqual([['connect'], []]);
  });
});

describe('several at once', () => {
  /** Each is known by its number; what happens when it is ended is told later. */
  const crowd = (onExpire: (number: number) => void): { progress: () => Progress; expire: () => void }[] =>
    Array.from({ length: 6 }, (_, number) => ({
      progress: () => ({ waitingFor: 'connect', moved: 0 }),
      expire: () => onExpire(number),
    }));

  for (const [what, removed] of [
    ['itself', (number: number): number[] => [number]],
    ['the one before', (number: number): number[] => [number - 1]],
    ['the one after', (number: number): number[] => [number + 1]],
    ['all', (): number[] => [0, 1, 2, 3, 4, 5]],
  ] as const) {
    it(`are all ended, or removed by one that is, that removes ${what}`, () => {
      const ended: number[] = [];
      const gone = new Set<number>();
      const all = crowd((number) => {
        expect(gone).not.toContain(number);
        ended.push(number);
        for (const other of removed(number)) {
          const one = all[other];
          if (one === undefined) continue;
          watch.remove(one);
          gone.add(other);
        }
      });
      for (const one of all) watch.add(one);
      pass(5000);
      expect(new Set([...ended, ...gone]).size).toBe(6);
      expect(new Set(ended).size).toBe(ended.length);
    });
  }

  it('come and go in any order, and the rest is ended', () => {
    const ended: number[] = [];
    const all = crowd((number) => void ended.push(number));
    for (const one of all) watch.add(one);
    for (const number of [5, 0, 3, 0]) {
      const one = all[number];
      if (one !== undefined) watch.remove(one);
    }
    const again = all[3];
    if (again !== undefined) watch.add(again);
    pass(5000);
    expect(ended.toSorted()).toEqual([1, 2, 3, 4]);
  });
});

describe('what has come and gone', () => {
  it('is not kept by what grew old before it: a small collection of garbage is enough', () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as (options: { readonly type: 'minor' | 'major' }) => void;
    const held: { progress: () => Progress; expire: () => void; payload: number[] }[] = [];
    const turn = (): void => {
      const payload = Array.from({ length: 1000 }, (_, at) => at + 0.5);
      const one = {
        payload,
        progress: () => ({ waitingFor: 'backend', moved: 0 }) as const,
        expire: () => undefined,
      };
      watch.add(one);
      held.push(one);
      const gone = held.length > 8 ? held.shift() : undefined;
      if (gone !== undefined) watch.remove(gone);
    };
    for (let at = 0; at < 100; at += 1) turn();
    collect({ type: 'major' });
    collect({ type: 'major' });
    const before = process.memoryUsage().heapUsed;
    for (let at = 0; at < 4000; at += 1) {
      turn();
      if (at % 500 === 0) collect({ type: 'minor' });
    }
    collect({ type: 'minor' });
    expect((process.memoryUsage().heapUsed - before) / 1e6).toBeLessThan(3);
  });
});

describe('what moves', () => {
  it('is never ended, however slow: one byte within each limit', () => {
    let moved = 0;
    const expired = watched(() => ({ waitingFor: 'client-body', moved }));
    for (let i = 0; i < 100; i += 1) {
      pass(1500);
      moved += 1;
    }
    expect(expired).toEqual([]);
  });

  it('begins anew with each change of what is waited for', () => {
    let waitingFor: Wait = 'client-body';
    const expired = watched(() => ({ waitingFor, moved: 0 }));
    pass(1900);
    waitingFor = 'backend';
    pass(8900);
    expect(expired).toEqual([]);
    pass(600);
    expect(expired).toEqual(['backend']);
  });
});
