import type { Session } from './session.ts';
import { lastingError, TryAgain } from './try-again.ts';

/** Decides after each failure of a transfer whether it goes on. */
interface Persistence {
  /**
   * Waits before the next attempt. `at`: how far the transfer is; progress makes up for earlier failures. Throws the
   * error if it does not pass, or has come too often.
   */
  afterFailure(error: unknown, at: number): Promise<void>;
}

export function createPersistence(
  { pauses, isPassing }: Session,
  signal: AbortSignal | undefined,
): Persistence {
  let failures = 0;
  let farthest = 0;
  return {
    async afterFailure(error, at) {
      failures = at > farthest ? 1 : failures + 1;
      farthest = Math.max(farthest, at);
      if (failures >= pauses.attempts || !isPassing(error)) throw lastingError(error);
      await pauses.wait(failures, signal, error instanceof TryAgain ? error.retryAfter : undefined);
    },
  };
}
