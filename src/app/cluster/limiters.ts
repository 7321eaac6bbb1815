import type { Config } from '../../config/schema/schema.ts';
import { ConcurrencyLimiter } from '../../limits/concurrency-limiter.ts';
import type { Limiter, ConcurrencyLimits } from '../../limits/concurrency-limiter.ts';
import { createTopic } from '../../cluster/bus.ts';
import type { Bus, Broker } from '../../cluster/bus.ts';

/** Those that are limited. */
export interface Limiters {
  readonly connections: Limiter | undefined;
  readonly transfers: Limiter | undefined;
}

type Name = keyof Limiters;
type Limits = Pick<
  Config['limits'],
  'connections' | 'connectionsPerAddress' | 'transfers' | 'transfersPerUser' | 'transferWaitSeconds'
>;

interface Move {
  readonly at: Name;
  readonly ticket: number;
}

const ENTER = createTopic('enter', isEntering, (value) => typeof value === 'boolean');
const LEAVE = createTopic('leave', isMove, (value) => value === undefined);

/** Few clients have the patience to wait longer than for so many others. */
const MOST_WAITING = 1000;
const PATIENCE_MS = 5000;

/**
 * With one process the turnstiles stand in it. With several they stand in the primary, which is asked: a part of the
 * limit for each worker would turn a client away at one while there is room at another.
 */
export function openLimiters(limits: Limits, bus: Bus): Limiters {
  const place = (at: Name): Limiter | undefined => {
    const options = optionsOf(limits, at);
    if (options === undefined) return undefined;
    return bus.size === 1 ? inThisProcess(options) : inThePrimary(at, options, bus);
  };
  return { connections: place('connections'), transfers: place('transfers') };
}

/** In the primary: answers the workers. */
export interface LimiterServer {
  /** Whoever was in this slot is gone, and all that it held with it. */
  forget(slot: number): void;
}

export function serveLimiters(limits: Limits, broker: Pick<Broker, 'handle'>): LimiterServer {
  const limiters = new Map<Name, ConcurrencyLimiter>();
  for (const at of ['connections', 'transfers'] as const) {
    const options = optionsOf(limits, at);
    if (options !== undefined) limiters.set(at, new ConcurrencyLimiter(options));
  }
  broker.handle(
    ENTER,
    ({ at, ticket, key }, from) => limiters.get(at)?.acquire(`${from}/${ticket}`, key) ?? true,
  );
  broker.handle(LEAVE, ({ at, ticket }, from) => limiters.get(at)?.release(`${from}/${ticket}`));
  return { forget: (slot) => limiters.forEach((limiter) => limiter.releaseAll(`${slot}/`)) };
}

function optionsOf(limits: Limits, at: Name): ConcurrencyLimits | undefined {
  const [all, each, waitMs] =
    at === 'connections'
      ? [limits.connections, limits.connectionsPerAddress, 0]
      : [limits.transfers, limits.transfersPerUser, limits.transferWaitSeconds * 1000];
  if (all === undefined && each === undefined) return undefined;
  return { all, each, waitMs, mostWaiting: MOST_WAITING };
}

function inThisProcess(options: ConcurrencyLimits): Limiter {
  const limiter = new ConcurrencyLimiter(options);
  let tickets = 0;
  return {
    acquire: (key) => {
      const ticket = String((tickets += 1));
      return { granted: limiter.acquire(ticket, key), release: () => limiter.release(ticket) };
    },
  };
}

function inThePrimary(at: Name, { waitMs }: ConcurrencyLimits, bus: Bus): Limiter {
  let tickets = 0;
  return {
    acquire: (key) => {
      const ticket = (tickets += 1);
      // A primary that does not answer is about to end, and this process with it.
      const isInside = bus.request(ENTER, { at, ticket, key }, waitMs + PATIENCE_MS).catch(() => false);
      return {
        granted: isInside,
        release: () => void bus.request(LEAVE, { at, ticket }).catch(() => undefined),
      };
    },
  };
}

function isMove(value: unknown): value is Move {
  if (typeof value !== 'object' || value === null) return false;
  const { at, ticket } = value as Partial<Move>;
  return (at === 'connections' || at === 'transfers') && typeof ticket === 'number';
}

function isEntering(value: unknown): value is Move & { readonly key: string | undefined } {
  if (!isMove(value)) return false;
  const { key } = value as { readonly key?: unknown };
  return key === undefined || typeof key === 'string';
}
