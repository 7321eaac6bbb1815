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
  readonly meanwhile: Ledger;
  readonly logger: Logger;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

export interface RedisLedger extends Ledger {
  close(): Promise<void>;
}

/** How long one Redis command may take. A sign-in waits for several. */
const PATIENCE_MS = 500;
/** How long a search over all keys may take, for which a person waits. */
const SEARCH_MS = 10_000;
/** How long Redis is not used after it did not answer. */
const REST_MS = 5000;

/**
 * Opens a ledger that several gates share. While Redis can't be reached or does not answer, each gate counts by itself,
 * so that no user is locked out and guessing stays limited. Both changes are logged once.
 */
export async function openRedisLedger(options: RedisLedgerOptions): Promise<RedisLedger> {
  const { windowMs, longestBlockMs, meanwhile, logger, now } = options;
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
  const store = new RedisStore(client, { windowMs, longestBlockMs });
  /** Uses Redis or the local ledger. An attempt may begin in one and end in the other; the window evens that out. */
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
  // Do not wait longer: a client that is not connected fails at once.
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

/** Omits the URL, which holds a password. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  return 'code' in error && typeof error.code === 'string' ? error.code : error.constructor.name;
}
