import { createClient } from '@redis/client';
import { RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import type { Secret } from '../lib/secret.ts';
import { parsePlace, placeKey, worstOf } from './ledger.ts';
import type { Ledger, LedgerRow, Place, TakeRule, Taken } from './ledger.ts';

const PREFIX = { counts: 'registry-gate:failures', blocks: 'registry-gate:blocked' } as const;
/** How many places are looked at for a list of the worst. */
const MOST_SEARCHED = 50_000;

/** A connection to Redis, made again when it breaks. */
export type RedisClient = ReturnType<typeof createRedis>;

/** Not connected yet. What is asked while it isn't fails at once. */
export function createRedis(url: Secret<string>) {
  return createClient({
    url: url.reveal(),
    disableOfflineQueue: true,
    commandsQueueMaxLength: 1000,
    // Finds a line that is dead without having been closed.
    pingInterval: 5000,
    socket: {
      connectTimeout: 2000,
      socketTimeout: 12_000,
      reconnectStrategy: (tries: number) => Math.min(5000, 100 * 2 ** Math.min(6, tries)),
    },
  });
}

/** Counts are points that live for the window; a block is one point, and whoever takes it is let through. */
export class RedisStore implements Ledger {
  readonly #client: RedisClient;
  readonly #counts: RateLimiterRedis;
  readonly #blocks: RateLimiterRedis;

  constructor(client: RedisClient, windowMs: number) {
    const shared = { storeClient: client, useRedisPackage: true, rejectIfRedisNotReady: true };
    const duration = Math.ceil(windowMs / 1000);
    this.#client = client;
    this.#counts = new RateLimiterRedis({ ...shared, keyPrefix: PREFIX.counts, points: 1, duration });
    this.#blocks = new RateLimiterRedis({ ...shared, keyPrefix: PREFIX.blocks, points: 1, duration });
  }

  async take(place: Place, { limit, blockMs, enforced }: TakeRule): Promise<Taken> {
    const key = placeKey(place);
    const { consumedPoints: count } = await this.#counts.penalty(key);
    if (!enforced || count < limit) return { ok: true, count, blockedMs: 0 };
    const blockedMs = blockMs(count);
    const waitMs = await this.#block(key, blockedMs);
    if (waitMs === 0) return { ok: true, count, blockedMs };
    await this.#counts.reward(key);
    return { ok: false, waitMs };
  }

  async giveBack(place: Place, block: boolean): Promise<void> {
    await this.#counts.reward(placeKey(place));
    if (block) await this.#blocks.delete(placeKey(place));
  }

  async forget(place: Place): Promise<void> {
    const key = placeKey(place);
    await Promise.all([this.#counts.delete(key), this.#blocks.delete(key)]);
  }

  async rows(most: number): Promise<readonly LedgerRow[]> {
    const rows: LedgerRow[] = [];
    for await (const places of this.#places()) {
      rows.push(...(await Promise.all(places.map((place) => this.#row(place)))));
      if (rows.length >= MOST_SEARCHED) break;
    }
    const failed = rows.filter(({ failures }) => failures > 0);
    return worstOf(failed, most);
  }

  async forgetWhere(matches: (place: Place) => boolean): Promise<number> {
    let count = 0;
    for await (const places of this.#places()) {
      const found = places.filter(matches);
      await Promise.all(found.map((place) => this.forget(place)));
      count += found.length;
    }
    return count;
  }

  /** 0 where the block begins with this; else how long the one goes on that has begun. */
  async #block(key: string, milliseconds: number): Promise<number> {
    try {
      await this.#blocks.consume(key, 1, { customDuration: Math.ceil(milliseconds / 1000) });
      return 0;
    } catch (refusal) {
      if (!isRefusal(refusal)) throw refusal;
      return Math.max(1, refusal.msBeforeNext);
    }
  }

  /** All places, some at a time: there may be a million. */
  async *#places(): AsyncGenerator<Place[]> {
    for await (const keys of this.#client.scanIterator({ MATCH: `${PREFIX.counts}:*`, COUNT: 1000 }))
      yield keys.flatMap((key) => parsePlace(key.slice(PREFIX.counts.length + 1)) ?? []);
  }

  async #row(place: Place): Promise<LedgerRow> {
    const key = placeKey(place);
    const [count, block] = await Promise.all([this.#counts.get(key), this.#blocks.get(key)]);
    return {
      ...place,
      failures: count?.consumedPoints ?? 0,
      blockedMs: Math.max(0, block?.msBeforeNext ?? 0),
    };
  }
}

function isRefusal(value: unknown): value is RateLimiterRes {
  return value instanceof RateLimiterRes;
}
