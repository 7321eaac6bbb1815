import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createIdleWatch } from '../../src/lib/idle-watch.ts';
import type { IdleWatch, Progress, Wait } from '../../src/lib/idle-watch.ts';

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
