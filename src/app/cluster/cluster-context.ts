import { hkdfSync } from 'node:crypto';
import { availableParallelism } from 'node:os';
import type { Logger } from '../../lib/logger.ts';
import type { KeyState } from '../../auth/tokens/store/key-ring.ts';
import type { HashPoolOptions } from '../../auth/passwords/hash-pool.ts';
import { createLocalBus } from '../../cluster/local-bus.ts';
import type { Broker, Bus } from '../../cluster/bus.ts';

/** What connects this process with the other processes of one gate. */
export interface ClusterContext {
  readonly bus: Bus;
  /** Where this process is the primary too: in a gate of one process. */
  readonly broker?: Broker;
  /** Secrets of this run, known to its processes alone; undefined in a gate of one process. */
  readonly secrets: RunSecrets | undefined;
  /** The ports of the workers that already listen, in the order of the configuration. */
  readonly ports?: readonly number[] | undefined;
}

export interface RunSecrets {
  /** 32 bytes, from which keys are derived. */
  readonly seed: Uint8Array;
  /** The signing keys where none can be stored. */
  readonly spareKeys: KeyState;
}

/** A gate of one process. */
export function singleProcess(): ClusterContext {
  return { ...createLocalBus(), secrets: undefined };
}

/** A key that all processes derive alike; undefined in a gate of one process, which makes its own. */
export function sharedKey(
  { secrets }: Pick<ClusterContext, 'secrets'>,
  purpose: string,
  bytes: number,
): Buffer | undefined {
  return secrets && Buffer.from(hkdfSync('sha256', secrets.seed, '', purpose, bytes));
}

/** One worker's part of a limit, at least 1. The parts add up to the limit, unless there are more workers than that. */
export function shareOf(limit: number, { slot, size }: Pick<Bus, 'slot' | 'size'>): number {
  return Math.max(1, Math.floor(limit / size) + (slot < limit % size ? 1 : 0));
}

/** How many passwords this worker hashes at once, so that all workers leave one processor free, and how many wait. */
export function hashShare(queue: number, place: Pick<Bus, 'slot' | 'size'>): HashPoolOptions {
  const threads = Math.floor((availableParallelism() - 1) / place.size);
  return { size: Math.max(1, threads), queueLimit: shareOf(queue, place) };
}

/** Logs what all workers would log alike from the first worker alone; errors are logged by each that has one. */
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
