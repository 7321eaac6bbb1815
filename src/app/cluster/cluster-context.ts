import { hkdfSync } from 'node:crypto';
import { availableParallelism } from 'node:os';
import type { Logger } from '../../lib/logger.ts';
import type { KeyState } from '../../auth/tokens/store/key-ring.ts';
import type { HashPoolOptions } from '../../auth/passwords/hash-pool.ts';
import { createLocalBus } from '../../cluster/local-bus.ts';
import type { Bus } from '../../cluster/bus.ts';

/** What the processes of one gate have in common. */
export interface ClusterContext {
  readonly bus: Bus;
  /** Of this run, and known to its processes alone; undefined where there is one process. */
  readonly secrets: RunSecrets | undefined;
  /** The ports of the workers that listen already, in the order of the configuration. */
  readonly ports?: readonly number[] | undefined;
}

export interface RunSecrets {
  /** 32 bytes, from which keys are derived. */
  readonly seed: Uint8Array;
  /** The keys of tokens where none can be stored. */
  readonly spareKeys: KeyState;
}

/** A gate of one process. */
export function singleProcess(): ClusterContext {
  return { bus: createLocalBus().bus, secrets: undefined };
}

/** The same key in all processes; undefined where there is one, which makes its own. */
export function sharedKey(
  { secrets }: Pick<ClusterContext, 'secrets'>,
  purpose: string,
  bytes: number,
): Buffer | undefined {
  return secrets && Buffer.from(hkdfSync('sha256', secrets.seed, '', purpose, bytes));
}

/** One worker's part of a limit on all. Together they are the limit, unless there are more workers than that: each has one. */
export function shareOf(limit: number, { slot, size }: Pick<Bus, 'slot' | 'size'>): number {
  return Math.max(1, Math.floor(limit / size) + (slot < limit % size ? 1 : 0));
}

/** How many passwords this worker checks at once, so that all together leave a processor to everything else, and how many wait. */
export function hashShare(queue: number, place: Pick<Bus, 'slot' | 'size'>): HashPoolOptions {
  const threads = Math.floor((availableParallelism() - 1) / place.size);
  return { size: Math.max(1, threads), queueLimit: shareOf(queue, place) };
}

/** What each worker would say alike is said by the first; errors are said by each that has one. */
export function firstWorkerLogger(logger: Logger, { slot }: Pick<Bus, 'slot'>): Logger {
  if (slot === 0) return logger;
  const quiet = (fields: object, message: string): void => logger.debug(fields, message);
  return {
    debug: quiet,
    info: quiet,
    warn: quiet,
    error: (fields, message) => logger.error(fields, message),
  };
}
