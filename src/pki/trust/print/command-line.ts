import { shellWord } from '../../../lib/shell-word.ts';
import type { TrustStep } from '../plan.ts';

/** A step that runs a program, as a line for a POSIX shell. */
export function commandLine({ command, unless }: TrustStep & { readonly action: 'run' }): string {
  const line = command.map(shellWord).join(' ');
  return unless === undefined ? line : `${unless.map(shellWord).join(' ')} >/dev/null 2>&1 || ${line}`;
}
