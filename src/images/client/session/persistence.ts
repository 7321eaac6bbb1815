import type { Session } from './session.ts';
import { lastingError, TryAgain } from './try-again.ts';

/** Decides after each failure of a transfer whether it goes on. */
interface Persistence {
  /**
   * Waits before the next attempt. `at`: how far the transfer is, in bytes; progress makes up for earlier failures, if it
   * is LEAST_PROGRESS or more since then. Throws the error if it does not pass, or has come too often.
   */
  afterFailure(error: unknown, at: number): Promise<void>;
}

/** Less than this is none: a registry that takes or gives a few bytes at a time would draw a transfer out for ever. */
export const LEAST_PROGRESS = 256 * 1024;

export function createPersistence(
  { pauses, isPassing }: Session,
  signal: AbortSignal | undefined,
): Persistence {
  let failures = 0;
  let counted = 0;
  return {
    async afterFailure(error, at) {
      const hasMoved = at - counted >= LEAST_PROGRESS;
      failures = hasMoved ? 1 : failures + 1;
      if (hasMoved) counted = at;
      if (failures >= pauses.attempts || !isPassing(error)) throw lastingError(error);
      await pauses.wait(failures, signal, error instanceof TryAgain ? error.retryAfter : undefined);
    },
  };
}
