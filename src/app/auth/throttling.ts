import { hkdfSync, randomBytes } from 'node:crypto';
import type { Admission, Attempt, Block, Outcome, Ticket } from '../../auth/abuse/attempt.ts';
import { openControl } from '../../auth/abuse/control.ts';
import { createGuard } from '../../auth/abuse/guard.ts';
import type { Guard } from '../../auth/abuse/guard.ts';
import type { Ledger } from '../../auth/abuse/ledger.ts';
import type { Limits } from '../../auth/abuse/limits.ts';
import { MemoryLedger } from '../../auth/abuse/memory-ledger.ts';
import type { RedisLedger, RedisLedgerOptions } from '../../auth/abuse/redis-ledger.ts';
import { Throttle } from '../../auth/abuse/throttle.ts';
import type { Config } from '../../config/schema/schema.ts';
import { createKeyedHash } from '../../lib/keyed-hash.ts';
import type { Logger } from '../../lib/logger.ts';
import { Secret } from '../../lib/secret.ts';
import type { UserDirectory } from '../../auth/directory.ts';
import { createTopic } from '../../cluster/bus.ts';
import type { Bus, Broker } from '../../cluster/bus.ts';
import { sharedKey } from '../cluster/cluster-context.ts';
import type { ClusterContext } from '../cluster/cluster-context.ts';

/** What each process asks the one that counts. */
type Counting = Pick<Throttle, 'begin' | 'end' | 'wrongToken'>;

/** The place where wrong passwords of all workers are counted. */
export interface Throttling {
  readonly throttle: Throttle;
  close(): Promise<void>;
}

type AbuseConfig = Pick<Config, 'abuse' | 'state'>;

/** The limits of a configuration. */
export function limitsOf(abuse: Config['abuse']): Limits {
  return {
    perPair: abuse.wrongPasswords,
    perNetwork: abuse.wrongPerNetwork,
    perUser: abuse.wrongPerUser,
    windowMs: abuse.windowSeconds * 1000,
    longestBlockMs: abuse.longestBlockSeconds * 1000,
  };
}

/** Opened once per gate: in its only process, or in the primary. Undefined where throttling is switched off. */
export async function openThrottling(
  { abuse, state }: AbuseConfig,
  logger: Logger,
): Promise<Throttling | undefined> {
  if (!abuse.throttle) return undefined;
  const now = (): number => performance.now();
  const limits = limitsOf(abuse);
  const { windowMs, longestBlockMs } = limits;
  const memory = new MemoryLedger({ now, windowMs });
  const redis = await openRedis(abuse.redis, { windowMs, longestBlockMs, meanwhile: memory, logger, now });
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

/** The client of Redis is large: loaded where there is a Redis, and not at every start. */
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

/** The primary counts for its workers. */
export function countForWorkers(broker: Pick<Broker, 'handle'>, { throttle }: Throttling): void {
  broker.handle(BEGIN, (attempt) => throttle.begin(attempt));
  broker.handle(END, ({ attempt, ticket, outcome }) => throttle.end(attempt, ticket, outcome));
  broker.handle(WRONG_TOKEN, (attempt) => throttle.wrongToken(attempt));
}

function countAtPrimary(bus: Bus): Counting {
  return {
    begin: (attempt) => bus.request(BEGIN, attempt),
    end: (attempt, ticket, outcome) => bus.request(END, { attempt, ticket, outcome }),
    wrongToken: (attempt) => bus.request(WRONG_TOKEN, attempt),
  };
}

export interface OpenGuardOptions {
  readonly config: AbuseConfig;
  readonly cluster: ClusterContext;
  readonly logger: Logger;
  readonly directory: UserDirectory;
}

/** This process's guard of sign-ins. */
export interface OpenGuard {
  /** Undefined where throttling is switched off. */
  readonly guard: Guard | undefined;
  close(): Promise<void>;
}

/** In the only process of a gate it counts itself, in a worker it asks the primary. */
export async function openGuard({
  config,
  cluster,
  logger,
  directory,
}: OpenGuardOptions): Promise<OpenGuard> {
  const { throttle, redis } = config.abuse;
  if (!throttle) return { guard: undefined, close: async () => undefined };
  const own = cluster.secrets === undefined ? await openThrottling(config, logger) : undefined;
  const guard = createGuard({
    throttle: own?.throttle ?? countAtPrimary(cluster.bus),
    keyed: createKeyedHash(sharedKey(cluster, 'guesses', 32) ?? randomBytes(32)),
    // All that count in one Redis call a stranger the same; it can't be made from what stands there.
    keyedName:
      redis === undefined
        ? undefined
        : createKeyedHash(Buffer.from(hkdfSync('sha256', redis, '', 'names of strangers', 32))),
    directory,
  });
  return { guard, close: async () => own?.close() };
}

/** A name that nobody has may be a password, typed into the wrong field: it is not there to be logged. */
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
  readonly outcome: Outcome;
}

// What arrives comes from this very program: the guards look at what tells the kinds apart.

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

function isDuration(value: unknown): value is number {
  return typeof value === 'number';
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
