import { AppError, systemCode } from '../lib/errors.ts';
import type { ErrorCode } from '../lib/errors.ts';

/** Why a worker could not start, as it travels to the primary. */
export interface Failure {
  readonly message: string;
  /** Of an AppError. */
  readonly code: ErrorCode | undefined;
  readonly hint: string | undefined;
  /** Of the system error behind it. */
  readonly systemCode: string | undefined;
  /** Of anything that is no AppError. */
  readonly stack: string | undefined;
}

export function describeFailure(error: unknown): Failure {
  if (error instanceof AppError) {
    const { message, code, hint, cause } = error;
    return { message, code, hint, systemCode: systemCode(cause), stack: undefined };
  }
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  return { message, code: undefined, hint: undefined, systemCode: systemCode(error), stack };
}

/** The error that it was, as far as anybody looks at it. */
export function reviveFailure({ message, code, hint, systemCode: system, stack }: Failure): Error {
  if (code !== undefined) {
    const cause = system === undefined ? undefined : Object.assign(new Error(system), { code: system });
    return new AppError(code, { message, hint, cause });
  }
  return Object.assign(new Error(message), stack === undefined ? {} : { stack });
}

/** Guard: what a worker of this very program says of itself has the codes of this program. */
export function isFailure(value: unknown): value is Failure {
  if (typeof value !== 'object' || value === null || !('message' in value)) return false;
  return typeof value.message === 'string';
}
