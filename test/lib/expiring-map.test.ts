import { describe, expect, it } from 'vitest';
import { createExpiringMap } from '../../src/lib/expiring-map.ts';

describe('expiring map', () => {
  it('forgets an entry when its time is over, and not before', () => {
    let now = 0;
    const map = createExpiringMap<string, number>({ maxSize: 10, ttl: 100, now: () => now });
    map.set('a', 1);
    now = 99;
    expect(map.get('a')).toBe(1);
    now = 100;
    expect(map.get('a')).toBeUndefined();
    expect(map.size).toBe(0);
  });

  it('does not live longer for being read, but for being set', () => {
    let now = 0;
    const map = createExpiringMap<string, number>({ maxSize: 10, ttl: 100, now: () => now });
    map.set('read', 1);
    map.set('set', 1);
    now = 60;
    map.get('read');
    map.set('set', 2);
    now = 120;
    expect([map.get('read'), map.get('set')]).toEqual([undefined, 2]);
  });

  it('drops the oldest when it is full', () => {
    const map = createExpiringMap<number, number>({ maxSize: 3, ttl: 100, now: () => 0 });
    for (const key of [1, 2, 3, 1, 4]) map.set(key, key);
    expect([1, 2, 3, 4].map((key) => map.get(key))).toEqual([1, undefined, 3, 4]);
    expect(map.size).toBe(3);
  });

  it('drops what has ended when something is set', () => {
    let now = 0;
    const map = createExpiringMap<number, number>({ maxSize: 100, ttl: 10, now: () => now });
    for (let key = 0; key < 50; key += 1) map.set(key, key);
    now = 10;
    map.set(99, 99);
    expect(map.size).toBe(1);
  });

  it('forgets on request', () => {
    const map = createExpiringMap<string, number>({ maxSize: 3, ttl: 100, now: () => 0 });
    map.set('a', 1);
    map.set('b', 2);
    map.delete('a');
    expect([map.get('a'), map.get('b')]).toEqual([undefined, 2]);
    map.clear();
    expect(map.size).toBe(0);
  });
});
