import { packageVersion } from '../lib/package-version.ts';
import { EXIT } from './terminal/exit-status.ts';
import type { Terminal } from './terminal/terminal.ts';

/**
 * Prints the version if `argv` asks for nothing else, and resolves to the exit code; undefined if it does not. Programs
 * ask for it all the time, so nothing is loaded for it.
 */
export async function printVersion(argv: readonly string[], terminal: Terminal): Promise<number | undefined> {
  if (argv.length !== 1 || !['--version', '-V', '-v', 'version'].includes(argv[0] ?? '')) return undefined;
  terminal.out(`${packageVersion()}\n`);
  const failure = await terminal.outFailure?.();
  if (failure === undefined) return EXIT.done;
  const { reportError } = await import('./terminal/report-error.ts');
  return reportError(failure, terminal);
}
