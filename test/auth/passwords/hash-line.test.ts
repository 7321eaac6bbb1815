import { describe, expect, it } from 'vitest';
import type { Standing } from '../../../src/lib/streams/turn.ts';
import { createHashLine, type HashLine } from '../../../src/auth/passwords/hash-pool.ts';

/** Puts in jobs `STANDING@SITE NUMBER`; those that lost their place. */
function push(line: HashLine<string>, standing: Standing, site: string, count = 1): string[] {
  return Array.from({ length: count }, (_none, at) => `${standing}@${site} ${at}`).flatMap(
    (job) => line.push(job, { standing, site }) ?? [],
  );
}

function all(line: HashLine<string>): string[] {
  return Array.from({ length: line.length }, () => line.shift() ?? '');
}

describe('the line of passwords', () => {
  it('serves in order, and says who has no place', () => {
    const line = createHashLine<string>(2);
    expect(push(line, 'stranger', 'a', 3)).toEqual(['stranger@a 2']);
    expect([line.length, all(line), line.length, line.shift()]).toEqual([
      2,
      ['stranger@a 0', 'stranger@a 1'],
      0,
      undefined,
    ]);
  });

  it('has places for users that no flood of strangers takes', () => {
    const line = createHashLine<string>(2);
    for (let at = 0; at < 100; at += 1) push(line, 'stranger', `net ${at}`, 3);
    expect(push(line, 'regular', 'office', 2)).toEqual([]);
    expect(push(line, 'proven', 'home', 2)).toEqual([]);
    expect(line.length).toBe(6);
  });

  it('serves credentials that were right first, then networks that users come from', () => {
    const line = createHashLine<string>(9);
    push(line, 'stranger', 'a', 3);
    push(line, 'regular', 'b', 2);
    push(line, 'proven', 'c', 2);
    expect(all(line).slice(0, 3)).toEqual(['proven@c 0', 'proven@c 1', 'regular@b 0']);
  });

  it('leaves every fourth turn to strangers', () => {
    const line = createHashLine<string>(9);
    push(line, 'stranger', 'a', 2);
    push(line, 'proven', 'c', 8);
    const order = all(line).map((job) => job.split('@')[0]);
    expect([order.indexOf('stranger'), order.lastIndexOf('stranger')]).toEqual([3, 7]);
  });

  it('serves sites in turns, however many places one has', () => {
    const line = createHashLine<string>(9);
    push(line, 'stranger', 'a', 6);
    push(line, 'stranger', 'b', 2);
    push(line, 'stranger', 'c', 1);
    expect(all(line).map((job) => job.slice('stranger@'.length))).toEqual(
      'a 0,b 0,c 0,a 1,b 1,a 2,a 3,a 4,a 5'.split(','),
    );
  });

  it('takes a place from the site that has the most, and never from one that has no more', () => {
    const line = createHashLine<string>(4);
    push(line, 'stranger', 'a', 3);
    push(line, 'stranger', 'b', 1);
    expect(push(line, 'stranger', 'c')).toEqual(['stranger@a 2']);
    expect(push(line, 'stranger', 'c')).toEqual(['stranger@c 0']);
    expect(push(line, 'stranger', 'd')).toEqual(['stranger@a 1']);
    expect(push(line, 'stranger', 'e')).toEqual(['stranger@e 0']);
    expect(line.drain()).toHaveLength(4);
    expect(line.length).toBe(0);
  });

  it('never has more places than its limit, whatever comes', () => {
    const line = createHashLine<string>(5);
    let taken = 0;
    for (let at = 0; at < 2000; at += 1) {
      const standing = (['proven', 'regular', 'stranger'] as const)[(at * 7) % 3] ?? 'stranger';
      const lost = push(line, standing, `site ${(at * at) % 11}`).length;
      taken += 1 - lost;
      if (at % 5 === 0 && line.shift() !== undefined) taken -= 1;
      expect(line.length).toBe(taken);
      expect(line.length).toBeLessThanOrEqual(15);
    }
  });
});
