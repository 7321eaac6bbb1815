import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { createExpiringMap } from '../../src/lib/expiring-map.ts';
import { ownText } from '../../src/lib/own-text.ts';

const MUCH = 1024 * 1024;

describe('expiring map', () => {
  it('forgets an entry when its time is over, and not before', () => {
    let now = 0;
    const map = createExpiringMap<number>({ maxBytes: MUCH, ttl: 100, now: () => now });
    map.set('a', 1);
    now = 99;
    expect(map.get('a')).toBe(1);
    now = 100;
    expect(map.get('a')).toBeUndefined();
    expect([map.size, map.bytes]).toEqual([0, 0]);
  });

  it('does not live longer for being read, but for being set', () => {
    let now = 0;
    const map = createExpiringMap<number>({ maxBytes: MUCH, ttl: 100, now: () => now });
    map.set('read', 1);
    map.set('set', 1);
    now = 60;
    map.get('read');
    map.set('set', 2);
    now = 120;
    expect([map.get('read'), map.get('set')]).toEqual([undefined, 2]);
  });

  it('drops the oldest when it is full', () => {
    const map = createExpiringMap<number>({ maxBytes: MUCH, maxSize: 3, ttl: 100, now: () => 0 });
    for (const key of [1, 2, 3, 1, 4]) map.set(String(key), key);
    expect([1, 2, 3, 4].map((key) => map.get(String(key)))).toEqual([1, undefined, 3, 4]);
    expect(map.size).toBe(3);
  });

  it('drops what has ended when something is set', () => {
    let now = 0;
    const map = createExpiringMap<number>({ maxBytes: MUCH, ttl: 10, now: () => now });
    for (let key = 0; key < 50; key += 1) map.set(String(key), key);
    now = 10;
    map.set('99', 99);
    expect(map.size).toBe(1);
  });

  it('forgets on request', () => {
    const map = createExpiringMap<number>({ maxBytes: MUCH, ttl: 100, now: () => 0 });
    map.set('a', 1);
    map.set('b', 2);
    map.delete('a');
    expect([map.get('a'), map.get('b')]).toEqual([undefined, 2]);
    map.clear();
    expect([map.size, map.bytes]).toEqual([0, 0]);
  });

  it('drops the oldest when it holds too many bytes, whatever they are made of', () => {
    const map = createExpiringMap<string>({ maxBytes: 10_000, ttl: 100, now: () => 0 });
    for (let at = 0; at < 100; at += 1) map.set(`key-${at}`, 'x'.repeat(at * 10));
    expect(map.bytes).toBeLessThanOrEqual(10_000);
    expect(map.get('key-99')).toBeDefined();
    expect(map.get('key-0')).toBeUndefined();
    map.set('whole', 'x'.repeat(10_000));
    expect([map.get('whole'), map.get('key-99')?.length]).toEqual([undefined, 990]);
    for (let at = 0; at < 200; at += 1) map.delete(`key-${at}`);
    expect([map.size, map.bytes]).toEqual([0, 0]);
  });

  it.each<[string, number, (at: number) => string]>([
    ['short keys', 200_000, (at) => `guess-${at}`],
    [
      'keys that were cut from long texts',
      20_000,
      (at) => `${at} ${'k'.repeat(300)}${'x'.repeat(4000)}`.slice(0, 200),
    ],
    ['keys that are not ASCII', 20_000, (at) => `${at} ${'ключ'.repeat(50)}`],
  ])('takes no more memory than it says: %s', (_name, count, keyOf) => {
    setFlagsFromString('--expose-gc');
    const collect: () => void = runInNewContext('gc');
    const map = createExpiringMap<string>({ maxBytes: 16 * MUCH, ttl: 100, now: () => 0 });
    collect();
    const before = process.memoryUsage().heapUsed;
    for (let at = 0; at < count; at += 1) map.set(keyOf(at), ownText(keyOf(at)));
    collect();
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(1.25 * map.bytes + MUCH);
    expect(map.size).toBeGreaterThan(1000);
  });
});

describe('a text of its own', () => {
  it.each([
    '',
    'short',
    'x'.repeat(100),
    'größer als zwölf Zeichen',
    'юникод, и ещё немного',
    `broken ${'\ud800'} surrogate`,
  ])('is the same text: %j', (text) => expect(ownText(text)).toBe(text));
});
