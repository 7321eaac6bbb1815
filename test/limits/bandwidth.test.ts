import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Bandwidth } from '../../src/limits/bandwidth.ts';
import type { BandwidthOptions, Direction, Traffic } from '../../src/limits/bandwidth.ts';

const RATE = 10_000_000;
const SECONDS = 10;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

function open(options: Partial<BandwidthOptions>): Bandwidth {
  return new Bandwidth({ all: undefined, each: undefined, now: () => performance.now(), ...options });
}

interface Mover {
  readonly moved: () => number;
  stop(): void;
}

/** A transfer that always has more, and moves a piece whenever it may; each timer is late by so much. */
function move(bandwidth: Bandwidth, key: string, direction: Direction = 'sent', lateMs = 1): Mover {
  const ration = bandwidth.begin(key, direction);
  let moved = 0;
  let isOver = false;
  const wait = (): void => {
    const ms = ration.pace.next();
    if (ms > 0) setTimeout(step, Math.ceil(ms) + lateMs);
    else step();
  };
  const step = (): void => {
    if (isOver) return;
    moved += ration.pace.pieceBytes;
    ration.charge(direction, ration.pace.pieceBytes);
    wait();
  };
  wait();
  const stop = (): void => {
    isOver = true;
    ration.end();
  };
  return { moved: () => moved, stop };
}

/** What moves in ten seconds, in bytes per second. */
function ratesOf(movers: readonly Mover[]): number[] {
  vi.advanceTimersByTime(SECONDS * 1000);
  return movers.map(({ moved }) => moved() / SECONDS);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

/** Holds to a tenth. */
function about(rate: number): { asymmetricMatch(value: unknown): boolean } {
  return { asymmetricMatch: (value) => Math.abs(Number(value) / rate - 1) < 0.1 };
}

describe('a bandwidth', () => {
  it.each([
    [1, RATE, 1],
    [1, 64_000, 1],
    [1, 100_000_000, 1],
    [1, RATE, 40],
    [7, RATE, 1],
    [100, RATE, 5],
    [1000, RATE, 1],
  ])('of %s transfers is %s bytes per second in all, with timers late by %s ms', (count, all, lateMs) => {
    const bandwidth = open({ all });
    const movers = Array.from({ length: count }, (_none, nth) => move(bandwidth, `u${nth}`, 'sent', lateMs));
    expect(sum(ratesOf(movers))).toEqual(about(all));
  });

  it('is shared evenly by those on their way', () => {
    const bandwidth = open({ all: RATE });
    const movers = ['a', 'a', 'b', 'c'].map((key) => move(bandwidth, key));
    expect(ratesOf(movers)).toEqual(movers.map(() => about(RATE / 4)));
  });

  it('of a user is of all their transfers together, and nobody else counts', () => {
    const bandwidth = open({ each: RATE });
    const rates = ratesOf(['a', 'a', 'b'].map((key) => move(bandwidth, key)));
    expect(rates).toEqual([about(RATE / 2), about(RATE / 2), about(RATE)]);
  });

  it('of a user holds within that of all', () => {
    const bandwidth = open({ all: RATE, each: RATE / 4 });
    const rates = ratesOf([...Array.from({ length: 2 }, () => 'a'), 'b'].map((key) => move(bandwidth, key)));
    expect(rates).toEqual([about(RATE / 8), about(RATE / 8), about(RATE / 4)]);
  });

  it('is one for each direction', () => {
    const bandwidth = open({ all: RATE });
    const movers = [move(bandwidth, 'a', 'sent'), move(bandwidth, 'b', 'received')];
    expect(ratesOf(movers)).toEqual([about(RATE), about(RATE)]);
  });

  it('goes to who is left when another ends', () => {
    const bandwidth = open({ all: RATE });
    const [first, second] = [move(bandwidth, 'a'), move(bandwidth, 'b')];
    first.stop();
    expect(ratesOf([second])).toEqual([about(RATE)]);
  });

  it('is not saved up while nothing moves', () => {
    const bandwidth = open({ all: RATE });
    vi.advanceTimersByTime(3_600_000);
    expect(ratesOf([move(bandwidth, 'a')])).toEqual([about(RATE)]);
  });

  it('is not had anew by who ends and begins again: the debt stays', () => {
    const bandwidth = open({ each: RATE });
    let moved = 0;
    const again = (): void => {
      const ration = bandwidth.begin('a', 'sent');
      setTimeout(
        () => {
          moved += 1_000_000;
          ration.charge('sent', 1_000_000);
          ration.end();
          again();
        },
        Math.ceil(ration.pace.next()) + 1,
      );
    };
    again();
    vi.advanceTimersByTime(SECONDS * 1000);
    expect(moved / SECONDS).toEqual(about(RATE));
  });

  it('is given back where it was not used: an empty layer costs nothing', () => {
    const bandwidth = open({ all: RATE });
    for (let layer = 0; layer < 1000; layer += 1) bandwidth.begin('a', 'sent').end();
    expect(bandwidth.begin('a', 'sent').pace.next()).toBe(0);
  });

  it('lets those that begin together begin one after the other', () => {
    const bandwidth = open({ all: RATE });
    const starts = Array.from({ length: 50 }, () => bandwidth.begin('a', 'sent').pace.next());
    expect(starts[0]).toBe(0);
    expect(starts.at(-1)).toEqual(about(1000));
  });

  it('keeps nothing of users who are gone', () => {
    const bandwidth = open({ each: RATE });
    for (let user = 0; user < 1000; user += 1) {
      const ration = bandwidth.begin(`u${user}`, 'received');
      ration.charge('received', 5_000_000);
      ration.end();
    }
    expect(vi.getTimerCount()).toBe(1000);
    vi.advanceTimersByTime(2000);
    expect(vi.getTimerCount()).toBe(0);
    expect(bandwidth.traffic()).toEqual({ all: 0, of: {} });
  });
});

describe('a bandwidth that several processes share', () => {
  function supervisor(options: Partial<BandwidthOptions>): [Bandwidth, Bandwidth] {
    const pair: [Bandwidth, Bandwidth] = [open(options), open(options)];
    pair[0].follow(() => [pair[1].traffic()]);
    pair[1].follow(() => [pair[0].traffic()]);
    return pair;
  }

  it('is theirs by their transfers', () => {
    const [one, other] = supervisor({ all: RATE });
    const movers = [move(one, 'a'), move(other, 'b'), move(other, 'c'), move(other, 'd')];
    one.share();
    expect(ratesOf(movers)).toEqual(movers.map(() => about(RATE / 4)));
  });

  it('is whole where nothing is on its way elsewhere', () => {
    const [one] = supervisor({ all: RATE, each: RATE });
    expect(ratesOf([move(one, 'a')])).toEqual([about(RATE)]);
  });

  it('of a user is theirs by the transfers of that user', () => {
    const [one, other] = supervisor({ each: RATE });
    const movers = [move(one, 'a'), move(other, 'a'), move(other, 'b')];
    one.share();
    expect(ratesOf(movers)).toEqual([about(RATE / 2), about(RATE / 2), about(RATE)]);
  });

  it('is told as it changes', () => {
    const told: Traffic[] = [];
    const bandwidth: Bandwidth = open({ all: RATE, onChange: () => told.push(bandwidth.traffic()) });
    const ration = bandwidth.begin('a', 'sent');
    ration.end();
    expect(told).toEqual([
      { all: 1, of: { a: 1 } },
      { all: 0, of: {} },
    ]);
  });
});
