import { afterEach, beforeEach, expect, it } from 'vitest';
import { renderKey, type CountKey } from '../../../src/auth/abuse/ledger.ts';
import { RedisStore, createRedis, type RedisClient } from '../../../src/auth/abuse/redis-store.ts';
import { Secret } from '../../../src/lib/secret.ts';
import { describeWith } from '../../support/requires.ts';
import { startRedis, type Redis } from './support.ts';

const DAY = 86_400_000;
const LIMITS = { windowMs: 60_000, longestBlockMs: 900_000 };
const PLACE: CountKey = { kind: 'user-and-network', network: '192.0.2.1', user: '=alice' };
const RULE = { limit: 1, blockMs: () => 30_000, enforced: true };
const [COUNT, BLOCK] = ['failures', 'blocked'].map((name) => `registry-gate:${name}:`);

describeWith(['redis-server'], 'what somebody else has written into Redis', () => {
  let redis: Redis;
  let client: RedisClient;
  let store: RedisStore;
  beforeEach(async () => {
    redis = await startRedis();
    client = createRedis(new Secret(redis.url));
    client.on('error', () => undefined);
    await client.connect();
    store = new RedisStore(client, LIMITS);
  });
  afterEach(async () => {
    client.destroy();
    await redis.close();
  });

  it.each([
    ['a block of ten days', async (key: string) => client.set(`${BLOCK}${key}`, '9', { PX: 10 * DAY })],
    ['a block without an end', async (key: string) => client.set(`${BLOCK}${key}`, '9')],
  ])('%s blocks no longer than the gate does', async (_name, write) => {
    const key = renderKey(PLACE);
    await write(key);
    const taken = await store.count(PLACE, RULE);
    if (taken.ok) throw new Error('the block was passed over');
    expect(taken.waitMs).toBeGreaterThan(0);
    expect(taken.waitMs).toBeLessThanOrEqual(LIMITS.longestBlockMs);
    const left = await client.pTTL(`${BLOCK}${key}`);
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThanOrEqual(LIMITS.longestBlockMs);
  });

  it.each([
    ['without an end', {}],
    ['of a year', { PX: 365 * DAY }],
  ])('a count %s ends with the window', async (_name, options) => {
    const key = `${COUNT}${renderKey(PLACE)}`;
    await client.set(key, '3', options);
    await store.count(PLACE, { ...RULE, enforced: false });
    const left = await client.pTTL(key);
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThanOrEqual(LIMITS.windowMs);
    expect(await store.count(PLACE, { ...RULE, enforced: false })).toMatchObject({ ok: true, count: 5 });
  });

  it('a count below nothing is one', async () => {
    await client.set(`${COUNT}${renderKey(PLACE)}`, '-100', { PX: 1000 });
    expect(await store.count(PLACE, RULE)).toMatchObject({ ok: true, count: 1, blockedMs: 30_000 });
  });

  it('names that no gate has written are not listed', async () => {
    const escape = '\u001b]0;owned\u0007';
    for (const name of [
      `network|${escape}|`,
      `user||=${escape}`,
      'user||=\u009b2J',
      `user||=${'x'.repeat(300)}`,
      'user||#not a hash',
      'user||no mark',
      'network|192.0.2.1\n|',
      'elsewhere|192.0.2.1|',
    ])
      await client.set(`${COUNT}${name}`, '7', { PX: 60_000 });
    await client.set(`${COUNT}user||=alice`, '7', { PX: 60_000 });
    await client.set(`${COUNT}network|2001:db8:1::/48|`, '7', { PX: 60_000 });
    const rows = await store.rows(100);
    expect(rows.map(({ user, network }) => `${user}${network}`).toSorted()).toEqual([
      '2001:db8:1::/48',
      '=alice',
    ]);
  });
});
