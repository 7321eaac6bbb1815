import type { Logger } from '../../lib/logger.ts';
import type { Secret } from '../../lib/secret.ts';
import type { Ledger } from './ledger.ts';
import { RedisStore, createRedis } from './redis-store.ts';

export interface RedisLedgerOptions {
  /** `redis://` or `rediss://`, with a password if there is one. */
  readonly url: Secret<string>;
  readonly windowMs: number;
  readonly longestBlockMs: number;
  /** Counts while Redis can't be reached. */
  readonly fallback: Ledger;
  readonly logger: Logger;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** How long one Redis command may take, in milliseconds; 500 by default. A sign-in waits for several. */
  readonly timeoutMs?: number;
}

export interface RedisLedger extends Ledger {
  close(): Promise<void>;
}

const TIMEOUT_MS = 500;
/** How long a search over all keys may take, for which a person waits. */
const SEARCH_MS = 10_000;
/** How long Redis is not used after it did not answer. */
const RETRY_MS = 5000;

/**
 * Opens a ledger that several gates share. While Redis can't be reached or does not answer, each gate counts by itself,
 * so that no user is locked out and guessing stays limited. Both changes are logged once.
 */
export async function openRedisLedger(options: RedisLedgerOptions): Promise<RedisLedger> {
  const { windowMs, longestBlockMs, fallback, logger, now, timeoutMs = TIMEOUT_MS } = options;
  const client = createRedis(options.url);
  let isDown = false;
  let retryAt = -Infinity;

  const down = (error: unknown): void => {
    if (!isDown)
      logger.warn(
        { reason: reasonOf(error) },
        'Redis can not be reached: wrong passwords are counted here meanwhile',
      );
    isDown = true;
  };
  client.on('error', down);
  const store = new RedisStore(client, { windowMs, longestBlockMs });
  /** Uses Redis or the local ledger. An attempt may begin in one and end in the other; the window evens that out. */
  const either = async <T>(ask: (ledger: Ledger) => Promise<T>, patienceMs = timeoutMs): Promise<T> => {
    if (now() < retryAt) return ask(fallback);
    try {
      const answer = await withTimeout(ask(store), patienceMs);
      if (isDown) logger.info({}, 'Redis is back: wrong passwords are counted there again');
      isDown = false;
      return answer;
    } catch (error) {
      down(error);
      if (client.isReady) retryAt = now() + RETRY_MS;
      return ask(fallback);
    }
  };
  // Do not wait longer: a client that is not connected fails at once.
  const connecting = client.connect().catch(down);
  await Promise.race([connecting, pause(timeoutMs)]);

  return {
    count: (key, rule) => either((ledger) => ledger.count(key, rule)),
    uncount: (key, block) => either((ledger) => ledger.uncount(key, block)),
    remove: (key) => either((ledger) => ledger.remove(key)),
    rows: (most) => either((ledger) => ledger.rows(most), SEARCH_MS),
    removeWhere: (matches) => either((ledger) => ledger.removeWhere(matches), SEARCH_MS),
    close: async () => client.destroy(),
  };
}

async function withTimeout<T>(answer: Promise<T>, timeoutMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('no answer in time')), timeoutMs);
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

/** Omits the URL, which holds a password. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  return 'code' in error && typeof error.code === 'string' ? error.code : error.constructor.name;
}
