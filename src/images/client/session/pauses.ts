import { setTimeout as sleep } from 'node:timers/promises';

/** How failed requests are tried again. */
export interface PauseOptions {
  /** How often one is tried. Default: 6. */
  readonly attempts?: number;
  /** The first pause, in milliseconds; each next one is twice as long. Default: 500. */
  readonly first?: number;
  /** The longest pause, in milliseconds, whatever the registry asks for. Default: 60,000. */
  readonly longest?: number;
  /** In 0..1. */
  readonly random?: () => number;
  /** Ends the pauses that have no signal of their own. */
  readonly signal?: AbortSignal | undefined;
}

/** Waits between attempts. */
export interface Pauses {
  readonly attempts: number;
  /** Waits after the attempt of this number, from 1. `retryAfter`: the header, if there was one. */
  wait(attempt: number, signal?: AbortSignal, retryAfter?: string): Promise<void>;
}

const FIRST_MS = 500;
const LONGEST_MS = 60_000;
const LONGEST_OWN_MS = 15_000;

export function createPauses(options: PauseOptions = {}): Pauses {
  const { attempts = 6, first = FIRST_MS, longest = LONGEST_MS, random = Math.random } = options;
  return {
    attempts,
    async wait(attempt, signal = options.signal, retryAfter = undefined) {
      // Half of it is chance, so that many clients do not come back at the same moment.
      const own = Math.min(first * 2 ** (attempt - 1), LONGEST_OWN_MS) * (0.5 + random() / 2);
      const asked = secondsOf(retryAfter, Date.now()) * 1000;
      await sleep(
        Math.min(Math.max(own, asked), longest),
        undefined,
        signal === undefined ? {} : { signal },
      ).catch((error: unknown) => {
        signal?.throwIfAborted();
        throw error;
      });
    },
  };
}

/** Reads `Retry-After` (RFC 9110 section 10.2.3): seconds, or a date. 0 if there is none. */
export function secondsOf(header: string | undefined, now: number): number {
  const text = header?.trim() ?? '';
  if (/^\d{1,9}$/.test(text)) return Number(text);
  const date = Date.parse(text);
  return Number.isNaN(date) ? 0 : Math.max(0, (date - now) / 1000);
}
