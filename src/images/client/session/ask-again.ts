import type { Answer } from '../wire/answer.ts';
import type { Pauses } from './pauses.ts';

/** Answers that may be others at the next attempt. */
export const PASSING_STATUS: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504]);

interface Patience {
  readonly pauses: Pauses;
  /** How often it is asked. Default: as the pauses say. */
  readonly attempts?: number;
  /** Whether what `ask` threw may pass. */
  readonly isPassing: (error: unknown) => boolean;
  readonly signal: AbortSignal | undefined;
}

/** Asks until the answer is one that lasts, and returns that, or the last one. */
export async function askAgain(
  ask: () => Promise<Answer>,
  { pauses, attempts = pauses.attempts, isPassing, signal }: Patience,
): Promise<Answer> {
  for (let attempt = 1; ; attempt += 1) {
    const isLast = attempt >= attempts;
    const answer = await (isLast ? ask() : orPassing(ask, isPassing));
    if (answer !== undefined && (isLast || !PASSING_STATUS.has(answer.status))) return answer;
    await answer?.drop();
    await pauses.wait(attempt, signal, answer?.header('retry-after'));
  }
}

/** Returns undefined for a failure that may pass. */
async function orPassing(
  ask: () => Promise<Answer>,
  isPassing: (error: unknown) => boolean,
): Promise<Answer | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (!isPassing(error)) throw error;
    return undefined;
  }
}
