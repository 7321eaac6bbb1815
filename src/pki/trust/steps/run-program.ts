import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { AppError, systemCode } from '../../../lib/errors.ts';
import type { StoreCommand } from '../stores/store.ts';

/** Runs one command and waits for it; rejects if it fails. */
export type CommandRunner = (command: StoreCommand) => Promise<void>;

/** Throws AppError TRUST_FAILED. */
export async function runProgram([program, ...args]: StoreCommand): Promise<void> {
  try {
    await promisify(execFile)(program, args);
  } catch (error) {
    throw new AppError('TRUST_FAILED', {
      message: `${[program, ...args].join(' ')} failed: ${systemCode(error) === 'ENOENT' ? 'it is not installed' : String(error)}.`,
      hint: 'The certificate is in its folder. Run that command by hand.',
      cause: error,
    });
  }
}

/** Whether a command exits with 0. One that is not installed does not. */
export async function succeeds(command: StoreCommand, runCommand: CommandRunner): Promise<boolean> {
  return runCommand(command).then(
    () => true,
    () => false,
  );
}
