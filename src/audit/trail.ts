import { AppError, systemCode } from '../lib/errors.ts';
import type { Logger } from '../lib/logger.ts';
import { isForbidden, ownershipCure } from '../lib/files/ownership.ts';
import { createActivities, type Activities } from './activities.ts';
import { bytesOfFacts, type Fact, type Moment } from './fact.ts';
import { openAuditLog } from './audit-log.ts';

interface TrailOptions {
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
  record(facts: readonly Fact[]): void;
  /** Opens the file again after SIGHUP, since it may have been moved. Never rejects. */
  reopen(): Promise<void>;
  /** Writes open activities as they are. */
  close(): Promise<void>;
}

const CHECK_MS = 500;
const MAX_HELD_BYTES = 32 * 1024 * 1024;

/** Throws AppError FILE_UNWRITABLE if the file can't be opened at the start. Later errors do not stop the gate. */
export async function openTrail(options: TrailOptions): Promise<Trail> {
  const { path, logger } = options;
  const log = await openAuditLog(options).catch((error: unknown) => {
    const code = systemCode(error);
    throw new AppError('FILE_UNWRITABLE', {
      message: `The audit log ${path} can't be opened (${code ?? String(error)}).`,
      hint: isForbidden(error)
        ? ownershipCure(path, 'write')
        : 'Make its directory, writable for the gate, or name another file with --audit FILE.',
      cause: error,
    });
  });
  const activities = createActivities({ write: (event) => log.write(event) });
  const order = createFactSorter(activities, options);
  const timer = setInterval(() => void order.check(), CHECK_MS).unref();
  return {
    record: order.hold,
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
      order.release(Infinity);
      activities.endAll();
      await log.close();
    },
  };
}

interface FactSorter {
  hold(facts: readonly Fact[]): void;
  /** Passes on the facts held up to this time. */
  release(until: number): void;
  check(): Promise<void>;
}

/**
 * Sorts facts by the beginning of their requests and ends idle activities. A client that acts on an answer begins its
 * next request after the end of the previous one, perhaps on another connection and another process. The gate may
 * record the end of the next one first.
 */
function createFactSorter(activities: Activities, { holdMs, underWay, now }: TrailOptions): FactSorter {
  let held: Fact[] = [];
  let heldBytes = 0;
  let isEnding = false;
  const settle = (until: number): void => {
    const ready = held
      .filter(({ at }) => at <= until)
      .sort((one, other) => one.at - one.ms - (other.at - other.ms));
    held = held.filter(({ at }) => at > until);
    heldBytes = bytesOfFacts(held);
    for (const fact of ready) activities.add(fact);
  };
  const idleKeys = (): readonly string[] => {
    const at = now().at - holdMs;
    settle(at);
    return activities.due(at);
  };
  return {
    hold: (facts) => {
      held.push(...facts);
      heldBytes += bytesOfFacts(facts);
      if (heldBytes > MAX_HELD_BYTES) settle(Infinity);
    },
    release: settle,
    check: async () => {
      const before = idleKeys();
      if (before.length === 0 || isEnding) return;
      isEnding = true;
      const busy = await underWay();
      isEnding = false;
      const still = new Set(idleKeys());
      activities.end(
        before.filter((key) => still.has(key)),
        busy,
      );
    },
  };
}
