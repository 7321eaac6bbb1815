import type { Config } from '../../config/schema/schema.ts';
import { ConcurrencyLimiter } from '../../limits/concurrency-limiter.ts';
import type { Limiter, ConcurrencyLimits } from '../../limits/concurrency-limiter.ts';
import { createTopic, isNothing, type Bus, type Broker } from '../../cluster/bus.ts';

/** The limits of one gate on what is under way at the same time; undefined where there is none. */
interface Limiters {
  readonly connections: Limiter | undefined;
  readonly transfers: Limiter | undefined;
}

type Name = keyof Limiters;
type Limits = Pick<
  Config['limits'],
  'connections' | 'connectionsPerAddress' | 'transfers' | 'transfersPerUser' | 'transferWaitSeconds'
>;

interface Acquire extends Release {
  readonly key: string | undefined;
}

interface Release {
  readonly limiter: Name;
  /** Of the permit, within its worker. */
  readonly id: number;
}

const ACQUIRE = createTopic('acquire a permit', isAcquire, (value) => typeof value === 'boolean');
const RELEASE = createTopic('release a permit', isRelease, isNothing);

/** Few clients have the patience to wait longer than for so many others. */
const MOST_WAITING = 1000;
const PATIENCE_MS = 5000;

/**
 * The limiters of a gate count in one place. With several workers that is the primary, which each of them asks: if each
 * had a part of the limit, one would refuse clients while another has permits left.
 *
 * A gate of one process does not go through its local bus: that would cost a promise and a timer for each connection and
 * each transfer, and the direct call costs neither.
 */
export function openLimiters(limits: Limits, bus: Bus): Limiters {
  const open = (name: Name): Limiter | undefined => {
    const options = optionsOf(limits, name);
    if (options === undefined) return undefined;
    return bus.size === 1 ? inThisProcess(options) : inThePrimary(name, options, bus);
  };
  return { connections: open('connections'), transfers: open('transfers') };
}

/** The limiters in the primary. */
interface LimiterServer {
  /** Releases all permits of the worker in this slot, which is gone. */
  forget(slot: number): void;
}

/** Answers the workers from the primary. */
export function serveLimiters(limits: Limits, broker: Pick<Broker, 'handle'>): LimiterServer {
  const limiters = new Map<Name, ConcurrencyLimiter>();
  for (const name of ['connections', 'transfers'] as const) {
    const options = optionsOf(limits, name);
    if (options !== undefined) limiters.set(name, new ConcurrencyLimiter(options));
  }
  broker.handle(
    ACQUIRE,
    ({ limiter, id, key }, from) => limiters.get(limiter)?.acquire(`${from}/${id}`, key) ?? true,
  );
  broker.handle(RELEASE, ({ limiter, id }, from) => limiters.get(limiter)?.release(`${from}/${id}`));
  return { forget: (slot) => limiters.forEach((limiter) => limiter.releaseAll(`${slot}/`)) };
}

function optionsOf(limits: Limits, name: Name): ConcurrencyLimits | undefined {
  const [all, each, waitMs] =
    name === 'connections'
      ? [limits.connections, limits.connectionsPerAddress, 0]
      : [limits.transfers, limits.transfersPerUser, limits.transferWaitSeconds * 1000];
  if (all === undefined && each === undefined) return undefined;
  return { all, each, waitMs, mostWaiting: MOST_WAITING };
}

function inThisProcess(options: ConcurrencyLimits): Limiter {
  const limiter = new ConcurrencyLimiter(options);
  let ids = 0;
  return {
    acquire: (key) => {
      const id = String((ids += 1));
      return { granted: limiter.acquire(id, key), release: () => limiter.release(id) };
    },
  };
}

function inThePrimary(limiter: Name, { waitMs }: ConcurrencyLimits, bus: Bus): Limiter {
  let ids = 0;
  return {
    acquire: (key) => {
      const id = (ids += 1);
      // A primary that does not answer is about to end, and this process with it.
      const granted = bus.request(ACQUIRE, { limiter, id, key }, waitMs + PATIENCE_MS).catch(() => false);
      return {
        granted,
        release: () => void bus.request(RELEASE, { limiter, id }).catch(() => undefined),
      };
    },
  };
}

function isRelease(value: unknown): value is Release {
  if (typeof value !== 'object' || value === null) return false;
  const { limiter, id } = value as Partial<Release>;
  return (limiter === 'connections' || limiter === 'transfers') && typeof id === 'number';
}

function isAcquire(value: unknown): value is Acquire {
  if (!isRelease(value)) return false;
  const { key } = value as { readonly key?: unknown };
  return key === undefined || typeof key === 'string';
}
