import { setTimeout as sleep } from 'node:timers/promises';

/** Of the time, how many parts are pauses for one part of work: a registry or gate that is slow is busy, and is asked less. */
const PAUSES_FOR_WORK = 4;
const SHORTEST_MS = 5;
const LONGEST_MS = 30_000;
const FIRST_DELAY_MS = 30_000;
const LONGEST_DELAY_MS = 600_000;

/** Waits between the requests of a walk. */
export interface Pace {
  /** Waits in proportion to what took so long. */
  rest(milliseconds: number): Promise<void>;
  /** Waits after this many failures in a row. */
  afterFailures(count: number): Promise<void>;
}

/** `work`: a factor for the pauses, for tests and measurements. Default: 1. */
export function createPace(signal: AbortSignal, factor = 1): Pace {
  const pause = async (milliseconds: number): Promise<void> => {
    await sleep(milliseconds * factor, undefined, { signal }).catch(() => undefined);
  };
  return {
    rest: (milliseconds) =>
      pause(Math.min(Math.max(milliseconds * PAUSES_FOR_WORK, SHORTEST_MS), LONGEST_MS)),
    afterFailures: (count) => pause(Math.min(FIRST_DELAY_MS * 2 ** (count - 1), LONGEST_DELAY_MS)),
  };
}
