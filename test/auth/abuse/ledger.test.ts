import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Ledger, CountKey, CountRule } from '../../../src/auth/abuse/ledger.ts';
import { parseKey, renderKey } from '../../../src/auth/abuse/ledger.ts';
import { MemoryLedger } from '../../../src/auth/abuse/memory-ledger.ts';
import { openRedisLedger, type RedisLedger } from '../../../src/auth/abuse/redis-ledger.ts';
import { Secret } from '../../../src/lib/secret.ts';
import { describeWith } from '../../support/requires.ts';
import { recordingLogger, startRedis, type Redis } from './support.ts';

const PAIR: CountKey = { kind: 'user-and-network', network: '2001:db8:1:2::/64', user: '=al|ice' };
const NETWORK: CountKey = { kind: 'network', network: '192.0.2.1', user: '' };
const RULE: CountRule = { limit: 3, blockMs: (count) => count * 10_000, enforced: true };

/** What every ledger does. */
function keepsItsWord(current: () => Ledger): void {
  it('counts up to the limit, lets that one through, and then none', async () => {
    const ledger = current();
    const taken = [];
    for (let at = 0; at < 5; at += 1) taken.push(await ledger.count(PAIR, RULE));
    expect(taken.slice(0, 3)).toEqual([
      { ok: true, count: 1, blockedMs: 0 },
      { ok: true, count: 2, blockedMs: 0 },
      { ok: true, count: 3, blockedMs: 30_000 },
    ]);
    for (const refusal of taken.slice(3))
      expect(refusal).toEqual({ ok: false, waitMs: expect.closeTo(30_000, -4) });
    expect(await ledger.count(NETWORK, RULE)).toEqual({ ok: true, count: 1, blockedMs: 0 });
  });

  it('lets a thousand at once through as those before the limit', async () => {
    const ledger = current();
    const taken = await Promise.all(Array.from({ length: 1000 }, () => ledger.count(PAIR, RULE)));
    expect(taken.filter(({ ok }) => ok)).toHaveLength(3);
  });

  it('counts what is not enforced, and begins no block with it', async () => {
    const ledger = current();
    for (let at = 0; at < 9; at += 1) await ledger.count(PAIR, { ...RULE, enforced: false });
    expect(await ledger.count(PAIR, RULE)).toEqual({ ok: true, count: 10, blockedMs: 100_000 });
  });

  it('takes back what was none, with its block', async () => {
    const ledger = current();
    for (let at = 0; at < 3; at += 1) await ledger.count(PAIR, RULE);
    await ledger.uncount(PAIR, true);
    expect(await ledger.count(PAIR, RULE)).toEqual({ ok: true, count: 3, blockedMs: 30_000 });
    await ledger.uncount(NETWORK, true);
  });

  it('forgets one, many, or nothing, and lists the rest, the worst first', async () => {
    const ledger = current();
    for (let at = 0; at < 3; at += 1) await ledger.count(PAIR, RULE);
    await ledger.count(NETWORK, RULE);
    const other: CountKey = { ...NETWORK, network: '192.0.2.2' };
    for (let at = 0; at < 2; at += 1) await ledger.count(other, RULE);
    expect(await ledger.rows(10)).toEqual([
      { ...PAIR, failures: 3, blockedMs: expect.closeTo(30_000, -4) },
      { ...other, failures: 2, blockedMs: 0 },
      { ...NETWORK, failures: 1, blockedMs: 0 },
    ]);
    expect(await ledger.rows(1)).toMatchObject([PAIR]);
    expect(await ledger.removeWhere(({ kind }) => kind === 'network')).toBe(2);
    await ledger.remove(PAIR);
    expect(await ledger.rows(10)).toEqual([]);
    expect(await ledger.count(PAIR, RULE)).toMatchObject({ count: 1 });
  });
}

describe('a ledger in memory', () => {
  let at = 5000;
  const now = (): number => at;
  const open = (maxBytes = 32_000): MemoryLedger => new MemoryLedger({ now, windowMs: 60_000, maxBytes });
  let ledger: MemoryLedger;
  beforeEach(() => {
    ledger = open();
  });

  keepsItsWord(() => ledger);

  it('forgets with the window, but no block before its end', async () => {
    for (let count = 0; count < 3; count += 1) await ledger.count(PAIR, { ...RULE, blockMs: () => 90_000 });
    await ledger.count(NETWORK, RULE);
    at += 60_000;
    expect(await ledger.rows(10)).toMatchObject([{ ...PAIR, blockedMs: 30_000 }]);
    at += 30_000;
    expect(await ledger.rows(10)).toEqual([]);
  });

  it('has no more places than it may, and keeps those with many failures', async () => {
    for (let count = 0; count < 3; count += 1) await ledger.count(PAIR, RULE);
    for (let n = 0; n < 1000; n += 1) await ledger.count({ ...PAIR, network: `stranger ${n}` }, RULE);
    const rows = await ledger.rows(1000);
    expect(rows.length).toBeGreaterThan(80);
    expect(rows.length).toBeLessThan(130);
    expect(rows[0]).toMatchObject({ ...PAIR, failures: 3 });
  });

  it('loses no user to a flood of addresses', async () => {
    const user: CountKey = { kind: 'user', network: '', user: '=alice' };
    await ledger.count(user, RULE);
    for (let n = 0; n < 1000; n += 1) await ledger.count({ ...NETWORK, network: `stranger ${n}` }, RULE);
    expect(await ledger.count(user, RULE)).toMatchObject({ count: 2 });
  });
});

describeWith(['redis-server'], 'a ledger in Redis', () => {
  let redis: Redis;
  let ledger: RedisLedger;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.close());
  beforeEach(async () => {
    const now = (): number => performance.now();
    const meanwhile = new MemoryLedger({ now, windowMs: 60_000 });
    const logger = recordingLogger();
    ledger = await openRedisLedger({
      url: new Secret(redis.url),
      windowMs: 60_000,
      longestBlockMs: 900_000,
      fallback: meanwhile,
      logger,
      now,
      // A thousand commands at once take longer than that on a machine under load.
      timeoutMs: 60_000,
    });
    await ledger.removeWhere(() => true);
  });
  afterEach(() => ledger.close());

  keepsItsWord(() => ledger);
});

describe('the name of a place', () => {
  it.each([PAIR, NETWORK, { kind: 'tokens', network: '::1', user: '' } as const])(
    '%o can be read again',
    (place) => {
      expect(parseKey(renderKey(place))).toEqual(place);
    },
  );

  it.each(['', 'network', 'network|a', 'other|a|b'])('is not %o', (key) => {
    expect(parseKey(key)).toBeUndefined();
  });
});
