import { run } from '../../src/cli/program.ts';
import { recordingTerminal } from './terminal.ts';

/** Runs `registry-gate images ...` inside this process; it has to succeed. Resolves to its standard output. */
export async function images(...args: readonly string[]): Promise<string> {
  const terminal = recordingTerminal({ env: { HOME: '/nonexistent' } });
  const code = await run(['images', ...args], terminal);
  if (code !== 0) throw new Error(`images ${args.join(' ')}: exit code ${code}\n${terminal.stderr()}`);
  return terminal.stdout();
}

/** `HOST:PORT` of `http://HOST:PORT`. */
export function hostOf(url: string): string {
  return new URL(url).host;
}
