import { createClient } from '@redis/client';
import { RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import type { Logger } from '../lib/logger.ts';
import type { Secret } from '../lib/secret.ts';
import { parsePlace, placeKey, worstOf } from './ledger.ts';
import type { Ledger, LedgerRow, Place, TakeRule, Taken } from './ledger.ts';

export interface RedisLedgerOptions {
  /** `redis://` or `rediss://`, with a password where there is one. */
  readonly url: Secret<string>;
  readonly windowMs: number;
  /** What counts while Redis can't be reached. */
  readonly meanwhile: Ledger;
  readonly logger: Logger;
  /** Milliseconds, never running backwards. */
  readonly now: () => number;
}

export interface RedisLedger extends Ledger {
  close(): Promise<void>;
}

const PREFIX = { counts: 'registry-gate:failures', blocks: 'registry-gate:blocked' } as const;
/** How long one word of Redis may take: a sign-in waits for some of them. */
const PATIENCE_MS = 500;
/** How long it may take to go through all that it has, which a person waits for. */
const SEARCH_MS = 10_000;
/** How long Redis is left alone after it was silent. */
const REST_MS = 5000;

/**
 * A ledger that several gates share. While Redis can't be reached, or stays silent, each gate counts by itself: nobody
 * is locked out by that, and guessing is not free either. Both are said once.
 */
export async function openRedisLedger(options: RedisLedgerOptions): Promise<RedisLedger> {
  const { windowMs, meanwhile, logger, now } = options;
  const client = createRedis(options.url);
  let isDown = false;
  let restUntil = -Infinity;

  const down = (error: unknown): void => {
    if (!isDown)
      logger.warn(
        { reason: reasonOf(error) },
        'Redis can not be reached: wrong passwords are counted here meanwhile',
      );
    isDown = true;
  };
  client.on('error', down);
  const store = new RedisStore(client, windowMs);
  /** The one or the other; what has begun in the one may end in the other, which evens out with the window. */
  const either = async <T>(ask: (ledger: Ledger) => Promise<T>, patienceMs = PATIENCE_MS): Promise<T> => {
    if (now() < restUntil) return ask(meanwhile);
    try {
      const answer = await inTime(ask(store), patienceMs);
      if (isDown) logger.info({}, 'Redis is back: wrong passwords are counted there again');
      isDown = false;
      return answer;
    } catch (error) {
      down(error);
      if (client.isReady) restUntil = now() + REST_MS;
      return ask(meanwhile);
    }
  };
  // The gate does not wait for it: a client that is not ready says so at once.
  const connecting = client.connect().catch(down);
  await Promise.race([connecting, pause(PATIENCE_MS)]);

  return {
    take: (place, rule) => either((ledger) => ledger.take(place, rule)),
    giveBack: (place, block) => either((ledger) => ledger.giveBack(place, block)),
    forget: (place) => either((ledger) => ledger.forget(place)),
    rows: (most) => either((ledger) => ledger.rows(most), SEARCH_MS),
    forgetWhere: (matches) => either((ledger) => ledger.forgetWhere(matches), SEARCH_MS),
    close: async () => client.destroy(),
  };
}

type Client = ReturnType<typeof createRedis>;

function createRedis(url: Secret<string>) {
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
class RedisStore implements Ledger {
  readonly #client: Client;
  readonly #counts: RateLimiterRedis;
  readonly #blocks: RateLimiterRedis;

  constructor(client: Client, windowMs: number) {
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
    const rows = await Promise.all((await this.#places()).map((place) => this.#row(place)));
    return worstOf(
      rows.filter(({ failures }) => failures > 0),
      most,
    );
  }

  async forgetWhere(matches: (place: Place) => boolean): Promise<number> {
    const found = (await this.#places()).filter(matches);
    await Promise.all(found.map((place) => this.forget(place)));
    return found.length;
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

  async #places(): Promise<Place[]> {
    const found: Place[] = [];
    for await (const keys of this.#client.scanIterator({ MATCH: `${PREFIX.counts}:*`, COUNT: 1000 }))
      found.push(...keys.flatMap((key) => parsePlace(key.slice(PREFIX.counts.length + 1)) ?? []));
    return found;
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

async function inTime<T>(answer: Promise<T>, patienceMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('no answer in time')), patienceMs);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds).unref());
}

/** Without the URL, which holds a password. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  return 'code' in error && typeof error.code === 'string' ? error.code : error.constructor.name;
}
