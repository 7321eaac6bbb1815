import { AppError, systemCode } from '../errors.ts';

const FULL = 'Free some space on the disk that it goes to, then run the command again.';
const HINTS: Readonly<Record<string, string>> = {
  ENOSPC: FULL,
  EDQUOT: FULL,
  EPIPE: 'The program that reads it ended early: see what it says.',
};

/** Makes the error of a standard output that could not be written: what it goes to can't be taken back. */
export function unwritableOutput(cause: unknown): AppError {
  const code = systemCode(cause);
  return new AppError('FILE_UNWRITABLE', {
    message: `Standard output can't be written (${code ?? String(cause)}). What it holds so far is not whole.`,
    hint: HINTS[code ?? ''] ?? 'Send it to another place, then run the command again.',
    cause,
  });
}
