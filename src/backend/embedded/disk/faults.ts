import { AppError, systemCode } from '../../../lib/errors.ts';
import { createProblem, type Problem } from '../../../oci/problem.ts';

const FULL = createProblem(
  'UNAVAILABLE',
  'The disk of this registry is full. Nothing was kept of this request.',
  {
    status: 507,
  },
);
const BUSY = createProblem('UNAVAILABLE', 'This registry has too many files open. Try again in a moment.', {
  status: 503,
  headers: { 'Retry-After': '2' },
});
const READ_ONLY = createProblem('UNKNOWN', 'The folder of this registry can be read, but not written.');
const FORBIDDEN = createProblem('UNKNOWN', 'This registry has no right to a file in its own folder.');
const BROKEN = createProblem('UNKNOWN', 'The disk of this registry answers with errors.');
const BUG = createProblem('UNKNOWN', 'This registry failed. Its log says more.');

const OF_CODE: Readonly<Record<string, Problem>> = {
  ENOSPC: FULL,
  EDQUOT: FULL,
  EFBIG: FULL,
  EMFILE: BUSY,
  ENFILE: BUSY,
  EROFS: READ_ONLY,
  EACCES: FORBIDDEN,
  EPERM: FORBIDDEN,
  EIO: BROKEN,
};

/** Returns the problem that a client gets for an error of the registry itself. */
export function problemOf(error: unknown): Problem {
  return OF_CODE[causeOf(error)] ?? BUG;
}

/** Reports whether an error means that the disk is full. */
export function isFull(error: unknown): boolean {
  return OF_CODE[causeOf(error)] === FULL;
}

/** Returns the system error code at the root of an error, for the log. */
export function causeOf(error: unknown): string {
  if (error instanceof AppError && error.cause !== undefined) return causeOf(error.cause);
  return systemCode(error) ?? (error instanceof Error ? error.name : 'unknown');
}
