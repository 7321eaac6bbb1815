import type { Config } from '../../config/schema/schema.ts';
import { Turnstile } from '../../limits/concurrency-limiter.ts';
import type { Entrance, TurnstileOptions } from '../../limits/concurrency-limiter.ts';
import { createTopic } from '../../cluster/bus.ts';
import type { Bus, Hub } from '../../cluster/bus.ts';

/** Those that are limited. */
export interface Entrances {
  readonly connections: Entrance | undefined;
  readonly transfers: Entrance | undefined;
}

type Name = keyof Entrances;
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
export function openEntrances(limits: Limits, bus: Bus): Entrances {
  const place = (at: Name): Entrance | undefined => {
    const options = optionsOf(limits, at);
    if (options === undefined) return undefined;
    return bus.size === 1 ? inThisProcess(options) : inThePrimary(at, options, bus);
  };
  return { connections: place('connections'), transfers: place('transfers') };
}

/** In the primary: answers the workers. */
export interface Gatekeeper {
  /** Whoever was in this slot is gone, and all that it held with it. */
  forget(slot: number): void;
}

export function answerEntrances(limits: Limits, hub: Pick<Hub, 'answer'>): Gatekeeper {
  const turnstiles = new Map<Name, Turnstile>();
  for (const at of ['connections', 'transfers'] as const) {
    const options = optionsOf(limits, at);
    if (options !== undefined) turnstiles.set(at, new Turnstile(options));
  }
  hub.answer(
    ENTER,
    ({ at, ticket, key }, from) => turnstiles.get(at)?.enter(`${from}/${ticket}`, key) ?? true,
  );
  hub.answer(LEAVE, ({ at, ticket }, from) => turnstiles.get(at)?.leave(`${from}/${ticket}`));
  return { forget: (slot) => turnstiles.forEach((turnstile) => turnstile.leaveAll(`${slot}/`)) };
}

function optionsOf(limits: Limits, at: Name): TurnstileOptions | undefined {
  const [all, each, waitMs] =
    at === 'connections'
      ? [limits.connections, limits.connectionsPerAddress, 0]
      : [limits.transfers, limits.transfersPerUser, limits.transferWaitSeconds * 1000];
  if (all === undefined && each === undefined) return undefined;
  return { all, each, waitMs, mostWaiting: MOST_WAITING };
}

function inThisProcess(options: TurnstileOptions): Entrance {
  const turnstile = new Turnstile(options);
  let tickets = 0;
  return {
    enter: (key) => {
      const ticket = String((tickets += 1));
      return { isInside: turnstile.enter(ticket, key), leave: () => turnstile.leave(ticket) };
    },
  };
}

function inThePrimary(at: Name, { waitMs }: TurnstileOptions, bus: Bus): Entrance {
  let tickets = 0;
  return {
    enter: (key) => {
      const ticket = (tickets += 1);
      // A primary that does not answer is about to end, and this process with it.
      const isInside = bus.ask(ENTER, { at, ticket, key }, waitMs + PATIENCE_MS).catch(() => false);
      return { isInside, leave: () => void bus.ask(LEAVE, { at, ticket }).catch(() => undefined) };
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
