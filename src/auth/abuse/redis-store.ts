import { createClient } from '@redis/client';
import { RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import type { Secret } from '../../lib/secret.ts';
import { isWellFormed, parseKey, renderKey, worstOf } from './ledger.ts';
import type { Ledger, LedgerRow, CountKey, CountRule, Counted } from './ledger.ts';

const PREFIX = { counts: 'registry-gate:failures', blocks: 'registry-gate:blocked' } as const;
/** The most keys that `rows` reads. */
const MOST_SEARCHED = 50_000;

/** A connection to Redis that reconnects by itself. */
export type RedisClient = ReturnType<typeof createRedis>;

/** Creates a client that is not connected yet. Commands fail at once while it is not. */
export function createRedis(url: Secret<string>) {
  return createClient({
    url: url.reveal(),
    disableOfflineQueue: true,
    commandsQueueMaxLength: 1000,
    // Detects a dead connection that was not closed.
    pingInterval: 5000,
    socket: {
      connectTimeout: 2000,
      socketTimeout: 12_000,
      reconnectStrategy: (tries: number) => Math.min(5000, 100 * 2 ** Math.min(6, tries)),
    },
  });
}

/** The longest counts and blocks, in milliseconds. Redis may hold entries that another program wrote. */
interface StoreLimits {
  readonly windowMs: number;
  readonly longestBlockMs: number;
}

/**
 * Counts are points that live for the window. A block is one point, and the attempt that consumes it is let through.
 */
export class RedisStore implements Ledger {
  readonly #client: RedisClient;
  readonly #limits: StoreLimits;
  readonly #counts: RateLimiterRedis;
  readonly #blocks: RateLimiterRedis;

  constructor(client: RedisClient, { windowMs, longestBlockMs }: StoreLimits) {
    const shared = { storeClient: client, useRedisPackage: true, rejectIfRedisNotReady: true };
    const duration = Math.ceil(windowMs / 1000);
    this.#client = client;
    this.#limits = { windowMs, longestBlockMs };
    this.#counts = new RateLimiterRedis({ ...shared, keyPrefix: PREFIX.counts, points: 1, duration });
    this.#blocks = new RateLimiterRedis({ ...shared, keyPrefix: PREFIX.blocks, points: 1, duration });
  }

  async count(key: CountKey, { limit, blockMs, enforced }: CountRule): Promise<Counted> {
    const text = renderKey(key);
    const { consumedPoints, msBeforeNext } = await this.#counts.penalty(text);
    const count = Math.max(1, consumedPoints);
    if (!isSound(msBeforeNext, this.#limits.windowMs)) await this.#renew(text, count);
    if (!enforced || count < limit) return { ok: true, count, blockedMs: 0 };
    const blockedMs = blockMs(count);
    const waitMs = await this.#block(text, blockedMs);
    if (waitMs === 0) return { ok: true, count, blockedMs };
    await this.#counts.reward(text);
    return { ok: false, waitMs };
  }

  async uncount(key: CountKey, block: boolean): Promise<void> {
    await this.#counts.reward(renderKey(key));
    if (block) await this.#blocks.delete(renderKey(key));
  }

  async remove(key: CountKey): Promise<void> {
    const text = renderKey(key);
    await Promise.all([this.#counts.delete(text), this.#blocks.delete(text)]);
  }

  async rows(most: number): Promise<readonly LedgerRow[]> {
    const rows: LedgerRow[] = [];
    for await (const keys of this.#keys()) {
      rows.push(...(await Promise.all(keys.map((key) => this.#row(key)))));
      if (rows.length >= MOST_SEARCHED) break;
    }
    const failed = rows.filter(({ failures }) => failures > 0);
    return worstOf(failed, most);
  }

  async removeWhere(matches: (key: CountKey) => boolean): Promise<number> {
    let count = 0;
    for await (const keys of this.#keys()) {
      const found = keys.filter(matches);
      await Promise.all(found.map((key) => this.remove(key)));
      count += found.length;
    }
    return count;
  }

  /** Returns 0 if this call began the block, else how long the existing block lasts. */
  async #block(text: string, milliseconds: number): Promise<number> {
    try {
      await this.#blocks.consume(text, 1, { customDuration: Math.ceil(milliseconds / 1000) });
      return 0;
    } catch (refusal) {
      if (!isRefusal(refusal)) throw refusal;
      const { longestBlockMs } = this.#limits;
      if (isSound(refusal.msBeforeNext, longestBlockMs)) return Math.max(1, refusal.msBeforeNext);
      await this.#blocks.set(text, 2, Math.ceil(longestBlockMs / 1000));
      return longestBlockMs;
    }
  }

  /** Gives a count without an expiry, or with one beyond the window, the expiry that it would have here. */
  async #renew(text: string, count: number): Promise<void> {
    await this.#counts.set(text, count, Math.ceil(this.#limits.windowMs / 1000));
  }

  /** Yields all keys in batches: there may be a million. */
  async *#keys(): AsyncGenerator<CountKey[]> {
    for await (const keys of this.#client.scanIterator({ MATCH: `${PREFIX.counts}:*`, COUNT: 1000 }))
      yield keys.flatMap((text) => wellFormedKey(text.slice(PREFIX.counts.length + 1)));
  }

  async #row(key: CountKey): Promise<LedgerRow> {
    const text = renderKey(key);
    const [count, block] = await Promise.all([this.#counts.get(text), this.#blocks.get(text)]);
    return {
      ...key,
      failures: Math.max(0, count?.consumedPoints ?? 0),
      blockedMs: Math.min(this.#limits.longestBlockMs, Math.max(0, block?.msBeforeNext ?? 0)),
    };
  }
}

/** Skips keys that no gate has written: their names would reach a terminal. */
function wellFormedKey(text: string): readonly CountKey[] {
  const key = parseKey(text);
  return key !== undefined && isWellFormed(key) ? [key] : [];
}

/** Redis rounds to seconds. */
function isSound(milliseconds: number, longest: number): boolean {
  return milliseconds >= 0 && milliseconds <= longest + 1000;
}

function isRefusal(value: unknown): value is RateLimiterRes {
  return value instanceof RateLimiterRes;
}
