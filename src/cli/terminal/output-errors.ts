import type { Writable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { type AppError, systemCode } from '../../lib/errors.ts';
import { unwritableOutput } from '../../lib/files/unwritable-output.ts';

/** A reader that closes the pipe early, `registry-gate certs status | head -1`, and a terminal that was closed (EIO). */
const GONE = ['EPIPE', 'EIO'];

/**
 * Keeps failures of standard output and standard error from ending the process. Returns what tells, once, why standard
 * output could not be written, as on a full disk. A reader that went away is no failure, and one of standard error could
 * be told nobody.
 */
export function watchOutput(out: Writable, err: Writable): () => Promise<AppError | undefined> {
  let failure: AppError | undefined;
  err.on('error', () => undefined);
  out.on('error', (error) => {
    if (!GONE.includes(systemCode(error) ?? '')) failure ??= unwritableOutput(error);
  });
  return async () => {
    // Streams tell of a failed write a moment later.
    await turn();
    const told = failure;
    failure = undefined;
    return told;
  };
}
