import type { AppError } from '../../../lib/errors.ts';

/** A failure that may pass. It never leaves the client: in the end, its refusal is thrown. */
export class TryAgain extends Error {
  readonly refusal: AppError;
  /** `Retry-After` of the answer, if there was one. */
  readonly retryAfter: string | undefined;

  constructor(refusal: AppError, retryAfter?: string) {
    super(refusal.message);
    this.refusal = refusal;
    this.retryAfter = retryAfter;
  }
}

/** Returns the error to throw when it did not pass. */
export function lastingError(error: unknown): unknown {
  return error instanceof TryAgain ? error.refusal : error;
}
