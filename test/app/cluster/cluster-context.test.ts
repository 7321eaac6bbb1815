import { describe, expect, it } from 'vitest';
import {
  singleProcess,
  hashShare,
  firstWorkerLogger,
  shareOf,
  sharedKey,
} from '../../../src/app/cluster/cluster-context.ts';

describe('the shares of a limit', () => {
  it.each([
    { limit: 1000, size: 1, shares: [1000] },
    { limit: 1000, size: 2, shares: [500, 500] },
    { limit: 10, size: 4, shares: [3, 3, 2, 2] },
    { limit: 4, size: 4, shares: [1, 1, 1, 1] },
    { limit: 2, size: 4, shares: [1, 1, 1, 1] },
  ])('of $limit among $size', ({ limit, size, shares }) => {
    expect(shares.map((_share, slot) => shareOf(limit, { slot, size }))).toEqual(shares);
  });

  it('of passwords that are checked leave each worker one', () => {
    expect(hashShare(64, { slot: 0, size: 256 })).toEqual({ size: 1, queueLimit: 1 });
  });
});

describe('a key that the processes of a gate share', () => {
  const of = (seed: number, purpose: string): string | undefined =>
    sharedKey(
      {
        secrets: {
          seed: Buffer.alloc(32, seed),
          spareKeys: { version: 1, fingerprintKey: '', keys: [] },
        },
      },
      purpose,
      48,
    )?.toString('hex');

  it('is the same for one seed and purpose, and another for any other', () => {
    expect(of(1, 'a')).toMatch(/^[0-9a-f]{96}$/);
    expect(of(1, 'a')).toBe(of(1, 'a'));
    expect(new Set([of(1, 'a'), of(1, 'b'), of(2, 'a')]).size).toBe(3);
  });

  it('is not needed where there is one process', () => {
    expect(sharedKey(singleProcess(), 'a', 48)).toBeUndefined();
  });
});

it('has the first worker alone say what all would say, and each its errors', () => {
  const said = [0, 1].map((slot) => {
    const lines: string[] = [];
    const as = (level: string) => (_fields: object, message: string) =>
      void lines.push(`${level} ${message}`);
    const logger = { debug: as('debug'), info: as('info'), warn: as('warn'), error: as('error') };
    const once = firstWorkerLogger(logger, { slot });
    once.info({}, 'reloaded');
    once.warn({}, 'old');
    once.error({}, 'bad');
    return lines;
  });
  expect(said).toEqual([
    ['info reloaded', 'warn old', 'error bad'],
    ['debug reloaded', 'debug old', 'error bad'],
  ]);
});
