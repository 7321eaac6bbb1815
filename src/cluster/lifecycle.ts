import { AppError, systemCode, type ErrorCode } from '../lib/errors.ts';
import { createTopic, isNothing } from './bus.ts';

/** The topics by which the primary and a worker follow the worker's life. */

/** Where a worker listens. */
export interface Listening {
  readonly addresses: readonly unknown[];
  /** One for each listen address of the configuration. */
  readonly ports: readonly number[];
}

/** A worker listens. */
export const STARTED = createTopic('started', isListening, isNothing);
/** A worker cannot start. */
export const FAILED = createTopic('failed', isFailure, isNothing);
/** Look at the followed files now. */
export const RELOAD = createTopic('reload', isNothing, isNothing);
/** Take no more connections, and let running transfers end. The reply comes when that is done. */
export const STOP = createTopic('stop', isNothing, isNothing);
/** Cut everything now. */
export const CUT = createTopic('cut', isNothing, isNothing);

/** Why pushes and pulls would fail, in a few words, or undefined. */
export const UNREADY = createTopic('unready', isNothing, isReason);

function isReason(value: unknown): value is string | undefined {
  return value === undefined || typeof value === 'string';
}

function isListening(value: unknown): value is Listening {
  return typeof value === 'object' && value !== null && 'addresses' in value && 'ports' in value;
}

/** Why a worker could not start, as it is sent to the primary. */
interface Failure {
  readonly message: string;
  /** Of an AppError. */
  readonly code: ErrorCode | undefined;
  readonly hint: string | undefined;
  /** Of the system error behind it. */
  readonly systemCode: string | undefined;
  /** Of any other error. */
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

/** The error again, as far as its readers look at it. */
export function reviveFailure({ message, code, hint, systemCode: system, stack }: Failure): Error {
  if (code !== undefined) {
    const cause = system === undefined ? undefined : Object.assign(new Error(system), { code: system });
    return new AppError(code, { message, hint, cause });
  }
  return Object.assign(new Error(message), stack === undefined ? {} : { stack });
}

/** Guard: a worker runs the same program, so that its codes are known. */
function isFailure(value: unknown): value is Failure {
  if (typeof value !== 'object' || value === null || !('message' in value)) return false;
  return typeof value.message === 'string';
}
