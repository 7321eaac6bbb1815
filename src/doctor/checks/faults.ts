import type { AppError } from '../../lib/errors.ts';
import { wrong, type Check } from '../check.ts';

/** Steps with `&&` between them, of which the last is a command of this program; or one command of the system. */
const COMMAND =
  /(?:(?:mkdir|mv|cat|chmod) [^&;]+ && )*registry-gate [a-z-]+(?: [a-z]+)?(?: (?:'[^']*'|[^\s;,()'.][^\s;,()']*))*|(?:chown|chmod|install -d|ls -ld|timedatectl) (?:'[^']*'|[^\s;,()']+ ?)+/;

/** The first command in a hint. Undefined if it has none. */
export function commandIn(hint: string | undefined): string | undefined {
  return COMMAND.exec(hint ?? '')?.[0]
    .trim()
    .replace(/\.$/, '');
}

/** An error that the gate would end with: what its message says, and the command of its hint. */
export function faultCheck(
  subject: Pick<Check, 'id' | 'what'>,
  { message, hint }: Pick<AppError, 'message' | 'hint'>,
): Check {
  const cure = commandIn(hint);
  const why = message.replace(/\.$/, '').replaceAll('\n', '; ');
  const advice = cure === undefined && hint !== undefined ? `. ${hint.replaceAll('\n', ' ')}` : '';
  return wrong(subject, `${why}${advice.replace(/\.$/, '')}`, cure ?? 'registry-gate config check');
}
