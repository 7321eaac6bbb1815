import { CommanderError } from 'commander';
import { AppError, type ErrorCode } from '../../lib/errors.ts';
import { EXIT } from './exit-status.ts';
import type { Terminal } from './terminal.ts';
import { printable } from '../../lib/printable.ts';

/** Errors that only the command line can cause are wrong usage. */
const EXIT_OF: Readonly<Partial<Record<ErrorCode, number>>> = {
  HOST_INVALID: EXIT.usage,
  IMAGE_NAME_INVALID: EXIT.usage,
  TOKEN_INVALID: EXIT.usage,
  USAGE: EXIT.usage,
  USER_INVALID: EXIT.usage,
  INTERRUPTED: EXIT.interrupted,
};

/** Prints an error with what to type next, and returns the exit code. */
export function reportError(error: unknown, terminal: Terminal): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  if (error instanceof AppError) {
    terminal.err(`registry-gate: error[${error.code}]: ${lines(error.message)}\n`);
    if (error.hint !== undefined) terminal.err(`  ${lines(error.hint)}\n`);
    return isOfCommandLine(error) ? EXIT.usage : (EXIT_OF[error.code] ?? EXIT.failed);
  }
  terminal.err(`registry-gate: unexpected error, this is a bug, please report it\n${stackOf(error)}\n`);
  return EXIT.failed;
}

/** Escapes control characters except line ends. */
function lines(text: string): string {
  return text.split('\n').map(printable).join('\n');
}

/** Whether a problem of the configuration is one of a flag: `(--workers)`. */
function isOfCommandLine({ code, message }: AppError): boolean {
  return code === 'CONFIG_INVALID' && /\(--[\w-]+\)$/m.test(message);
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
