import { hkdfSync, randomBytes } from 'node:crypto';
import type {
  Admission,
  Attempt,
  Block,
  CheckResult,
  Ticket,
  UnlockFilter,
} from '../../auth/abuse/attempt.ts';
import { openControl } from '../../auth/abuse/control.ts';
import { createGuard, type Guard } from '../../auth/abuse/guard.ts';
import type { Ledger, LedgerRow } from '../../auth/abuse/ledger.ts';
import type { ThrottleLimits } from '../../auth/abuse/limits.ts';
import { MemoryLedger } from '../../auth/abuse/memory-ledger.ts';
import type { RedisLedger, RedisLedgerOptions } from '../../auth/abuse/redis-ledger.ts';
import { Throttle } from '../../auth/abuse/throttle.ts';
import type { Config } from '../../config/schema/schema.ts';
import { createKeyedHash } from '../../lib/keyed-hash.ts';
import type { Logger } from '../../lib/logger.ts';
import { Secret } from '../../lib/secret.ts';
import type { UserDirectory } from '../../auth/directory.ts';
import { createTopic, type Bus, type Broker } from '../../cluster/bus.ts';
import { sharedKey, type ClusterContext } from '../cluster/cluster-context.ts';

/** The part of the throttle that each process uses. */
type Counting = Pick<Throttle, 'begin' | 'end' | 'wrongToken'>;

/** The throttle that counts the wrong passwords of all workers. */
export interface Throttling {
  readonly throttle: Throttle;
  close(): Promise<void>;
}

type AbuseConfig = Pick<Config, 'abuse' | 'state'>;

/** Returns the limits of a configuration. */
export function limitsOf(abuse: Config['abuse']): ThrottleLimits {
  return {
    perPair: abuse.wrongPasswords,
    perNetwork: abuse.wrongPerNetwork,
    perUser: abuse.wrongPerUser,
    windowMs: abuse.windowSeconds * 1000,
    longestBlockMs: abuse.longestBlockSeconds * 1000,
  };
}

/** Opens the throttle, once per gate: in its only process, or in the primary. Undefined if throttling is switched off. */
export async function openThrottling(
  { abuse, state }: AbuseConfig,
  logger: Logger,
): Promise<Throttling | undefined> {
  if (!abuse.throttle) return undefined;
  const now = (): number => performance.now();
  const limits = limitsOf(abuse);
  const { windowMs, longestBlockMs } = limits;
  const memory = new MemoryLedger({ now, windowMs });
  const redis = await openRedis(abuse.redis, { windowMs, longestBlockMs, fallback: memory, logger, now });
  const ledger: Ledger = redis ?? memory;
  const throttle = new Throttle({ limits, ledger, now, onBlock: (block) => logBlock(logger, block) });
  const opened = await openControl({ directory: state, throttle });
  if (!opened.ok)
    logger.warn({ reason: opened.reason }, 'abuse list and abuse unlock can not reach this gate');
  return {
    throttle,
    close: async () => {
      if (opened.ok) await opened.control.close();
      await redis?.close();
    },
  };
}

/** The Redis client is large, so it is loaded only if it is configured. */
async function openRedis(
  url: string | undefined,
  options: Omit<RedisLedgerOptions, 'url'>,
): Promise<RedisLedger | undefined> {
  if (url === undefined) return undefined;
  const { openRedisLedger } = await import('../../auth/abuse/redis-ledger.ts');
  return openRedisLedger({ ...options, url: new Secret(url) });
}

const BEGIN = createTopic('sign-in begins', isAttempt, isAdmission);
const END = createTopic('sign-in ends', isEnd, isDuration);
const WRONG_TOKEN = createTopic('wrong token', isTokenAttempt, isDuration);

const LIST = createTopic('wrong sign-ins', isDuration, isRows);
const UNLOCK = createTopic('unlock', isUnlock, isDuration);

/** What is counted of wrong passwords in all processes, for the owner of the gate. Both reject where the primary does not answer. */
export type Lockouts = Pick<Throttle, 'rows' | 'unlock'>;

/** Lets the primary count for its workers. */
export function countForWorkers(broker: Pick<Broker, 'handle'>, { throttle }: Throttling): void {
  broker.handle(BEGIN, (attempt) => throttle.begin(attempt));
  broker.handle(END, ({ attempt, ticket, outcome }) => throttle.end(attempt, ticket, outcome));
  broker.handle(WRONG_TOKEN, (attempt) => throttle.wrongToken(attempt));
  broker.handle(LIST, (most) => throttle.rows(most));
  broker.handle(UNLOCK, (filter) => throttle.unlock(filter));
}

/** A search in Redis may take this long. */
const SEARCH_MS = 12_000;

function countAtPrimary(bus: Bus): Counting & Lockouts {
  return {
    begin: (attempt) => bus.request(BEGIN, attempt),
    end: (attempt, ticket, outcome) => bus.request(END, { attempt, ticket, outcome }),
    wrongToken: (attempt) => bus.request(WRONG_TOKEN, attempt),
    rows: (most) => bus.request(LIST, most, SEARCH_MS),
    unlock: (filter) => bus.request(UNLOCK, filter, SEARCH_MS),
  };
}

interface OpenGuardOptions {
  readonly config: AbuseConfig;
  readonly cluster: ClusterContext;
  readonly logger: Logger;
  readonly directory: UserDirectory;
}

/** This process's guard of sign-ins. */
interface OpenGuard {
  /** Undefined if throttling is switched off. */
  readonly guard: Guard | undefined;
  /** Undefined if throttling is switched off. */
  readonly lockouts: Lockouts | undefined;
  close(): Promise<void>;
}

/**
 * Opens the guard of a process. A worker asks the primary. The only process of a gate counts by itself and not over its
 * local bus, whose time limit would refuse a sign-in that waits for another one with the same password.
 */
export async function openGuard({
  config,
  cluster,
  logger,
  directory,
}: OpenGuardOptions): Promise<OpenGuard> {
  const { throttle, redis } = config.abuse;
  if (!throttle) return { guard: undefined, lockouts: undefined, close: async () => undefined };
  const own = cluster.secrets === undefined ? await openThrottling(config, logger) : undefined;
  const counting = own?.throttle ?? countAtPrimary(cluster.bus);
  const guard = createGuard({
    throttle: counting,
    keyed: createKeyedHash(sharedKey(cluster, 'guesses', 32) ?? randomBytes(32)),
    // Gates with a common Redis share the key of unknown names. It can't be derived from the content of Redis.
    keyedName:
      redis === undefined
        ? undefined
        : createKeyedHash(Buffer.from(hkdfSync('sha256', redis, '', 'names of strangers', 32))),
    directory,
  });
  return { guard, lockouts: counting, close: async () => own?.close() };
}

/** An unknown name is not logged: it may be a password that was typed into the wrong field. */
function logBlock(logger: Logger, { kind, network, user, failures, blockedMs }: Block): void {
  const known = user.startsWith('=') ? user.slice(1) : undefined;
  logger.warn(
    { by: kind, address: network || undefined, user: known, failures, seconds: Math.round(blockedMs / 1000) },
    'password guessing blocked',
  );
}

interface End {
  readonly attempt: Attempt;
  readonly ticket: Ticket;
  readonly outcome: CheckResult;
}

// The messages come from the same program, so the guards only tell the kinds apart.

function isAttempt(value: unknown): value is Attempt {
  return isTokenAttempt(value) && 'user' in value && typeof value.user === 'string';
}

function isTokenAttempt(value: unknown): value is Omit<Attempt, 'user'> {
  return isRecord(value) && typeof value['id'] === 'string' && typeof value['network'] === 'string';
}

function isAdmission(value: unknown): value is Admission {
  return isRecord(value) && typeof value['kind'] === 'string';
}

function isEnd(value: unknown): value is End {
  return isRecord(value) && isAttempt(value['attempt']) && isRecord(value['ticket']);
}

function isUnlock(value: unknown): value is UnlockFilter {
  return isRecord(value);
}

function isRows(value: unknown): value is readonly LedgerRow[] {
  return Array.isArray(value);
}

function isDuration(value: unknown): value is number {
  return typeof value === 'number';
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
