import { setTimeout as sleep } from 'node:timers/promises';

/** Of the time, how many parts are pauses for one part of work: a registry or gate that is slow is busy, and is asked less. */
const PAUSES_FOR_WORK = 4;
/** The same while something is read for the first time, which people wait for. */
const FIRST_PAUSES_FOR_WORK = 1;
const SHORTEST_MS = 5;
const LONGEST_MS = 30_000;
const LONGEST_FIRST_MS = 1000;
/** What fails may pass: a registry that starts, a machine that is busy. */
const FIRST_DELAY_MS = 1000;
const LONGEST_DELAY_MS = 600_000;

/** Waits between the requests of a walk. */
export interface Pace {
  /** Waits in proportion to what took so long. `isFirst`: it was read for the first time. */
  rest(milliseconds: number, isFirst: boolean): Promise<void>;
  /** Waits after this many failures in a row, or until the signal. */
  afterFailures(count: number, signal: AbortSignal): Promise<void>;
}

/** `factor`: one for the pauses, for tests and measurements. Default: 1. */
export function createPace(signal: AbortSignal, factor = 1): Pace {
  const pause = async (milliseconds: number, end: AbortSignal): Promise<void> => {
    await sleep(milliseconds * factor, undefined, { signal: end }).catch(() => undefined);
  };
  return {
    rest: (milliseconds, isFirst) => {
      const [share, longest] = isFirst
        ? [FIRST_PAUSES_FOR_WORK, LONGEST_FIRST_MS]
        : [PAUSES_FOR_WORK, LONGEST_MS];
      return pause(Math.min(Math.max(milliseconds * share, SHORTEST_MS), longest), signal);
    },
    afterFailures: (count, end) => pause(delayAfter(count), AbortSignal.any([signal, end])),
  };
}

function delayAfter(failures: number): number {
  return Math.min(FIRST_DELAY_MS * 2 ** (failures - 1), LONGEST_DELAY_MS);
}
