import { AppError, systemCode } from '../lib/errors.ts';
import type { Logger } from '../lib/logger.ts';
import { isForbidden, ownershipCure } from '../lib/files/ownership.ts';
import { createActs } from './acts.ts';
import type { Acts } from './acts.ts';
import { bytesOfFacts } from './fact.ts';
import type { Fact, Moment } from './fact.ts';
import { openLog } from './log.ts';

export interface TrailOptions {
  /** `-` is standard output. */
  readonly path: string;
  /** Whether each line carries the hash of the previous one. */
  readonly chain: boolean;
  /** How long a fact is held until every earlier one has certainly arrived, in milliseconds. */
  readonly holdMs: number;
  /** Returns the keys (`keyOf`) of the transfers in progress. Never rejects. */
  readonly underWay: () => Promise<ReadonlySet<string>>;
  readonly logger: Logger;
  /** The clocks of the facts. */
  readonly now: () => Moment;
}

/** The audit log of a gate, shared by all its processes. */
export interface Trail {
  take(facts: readonly Fact[]): void;
  /** Opens the file again after SIGHUP, since it may have been moved. Never rejects. */
  reopen(): Promise<void>;
  /** Writes open activities as they are. */
  close(): Promise<void>;
}

const LOOK_MS = 500;
const MAX_HELD_BYTES = 32 * 1024 * 1024;

/** Throws AppError FILE_UNWRITABLE if the file can't be opened at the start. Later errors do not stop the gate. */
export async function openTrail(options: TrailOptions): Promise<Trail> {
  const { path, logger } = options;
  const log = await openLog(options).catch((error: unknown) => {
    const code = systemCode(error);
    throw new AppError('FILE_UNWRITABLE', {
      message: `The audit log ${path} can't be opened (${code ?? String(error)}).`,
      hint: isForbidden(error)
        ? ownershipCure(path, 'read')
        : 'Make its directory, writable for the gate, or name another file with --audit FILE.',
      cause: error,
    });
  });
  const acts = createActs({ write: (event) => log.write(event) });
  const order = createOrder(acts, options);
  const timer = setInterval(() => void order.look(), LOOK_MS).unref();
  return {
    take: order.take,
    reopen: async () => {
      try {
        await log.reopen();
      } catch (error) {
        const reason = systemCode(error);
        logger.error({ file: path, error: reason }, 'audit log not opened again, the file before goes on');
      }
    },
    close: async () => {
      clearInterval(timer);
      order.settle(Infinity);
      acts.endAll();
      await log.close();
    },
  };
}

interface Order {
  take(facts: readonly Fact[]): void;
  /** Passes on the facts held up to this time. */
  settle(until: number): void;
  look(): Promise<void>;
}

/**
 * Sorts facts by the beginning of their requests and ends idle activities. A client that acts on an answer begins its
 * next request after the end of the previous one, perhaps on another connection and another process. The gate may
 * record the end of the next one first.
 */
function createOrder(acts: Acts, { holdMs, underWay, now }: TrailOptions): Order {
  let held: Fact[] = [];
  let heldBytes = 0;
  let isLooking = false;
  const settle = (until: number): void => {
    const ready = held
      .filter(({ at }) => at <= until)
      .sort((one, other) => one.at - one.ms - (other.at - other.ms));
    held = held.filter(({ at }) => at > until);
    heldBytes = bytesOfFacts(held);
    for (const fact of ready) acts.take(fact);
  };
  const silent = (): readonly string[] => {
    const at = now().at - holdMs;
    settle(at);
    return acts.due(at);
  };
  return {
    take: (facts) => {
      held.push(...facts);
      heldBytes += bytesOfFacts(facts);
      if (heldBytes > MAX_HELD_BYTES) settle(Infinity);
    },
    settle,
    look: async () => {
      const before = silent();
      if (before.length === 0 || isLooking) return;
      isLooking = true;
      const busy = await underWay();
      isLooking = false;
      const still = new Set(silent());
      acts.end(
        before.filter((key) => still.has(key)),
        busy,
      );
    },
  };
}
