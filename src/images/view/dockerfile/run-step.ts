import { writeList, type Escape } from './go-text.ts';
import { beginsHeredoc, oneLine, type Lines } from './instructions.ts';

/** The shells of RUN where no SHELL says another (moby: builder/dockerfile). */
const USUAL_SHELLS = ['/bin/sh -c', 'cmd /S /C', 'powershell -Command'];

/** A command of a history, without the shell and the build arguments before it. */
interface ReadCommand {
  readonly command: string;
  /** `VERSION=1.2`: those of the build, as far as they can be told apart. */
  readonly buildArguments: string;
  /** The shell that runs it. Undefined for a command that no shell runs. */
  readonly shell: string | undefined;
}

/** Splits `|1 VERSION=1.2 /bin/sh -c make`. `shell` is what SHELL said last. */
export function readCommand(text: string, shell: string | undefined): ReadCommand {
  const shells = shell === undefined ? USUAL_SHELLS : [shell, ...USUAL_SHELLS];
  const [, count] = /^\|(\d+) /.exec(text) ?? [];
  if (count === undefined) {
    const used = shells.find((it) => text.startsWith(`${it} `));
    const command = used === undefined ? text : text.slice(used.length + 1);
    return { command, buildArguments: '', shell: used };
  }
  const start = count.length + 2;
  const found = shells
    .map((it) => ({ shell: it, at: text.indexOf(`${it} `, start) }))
    .filter(({ at }) => at >= start)
    .toSorted((a, b) => a.at - b.at)[0];
  if (found === undefined) return { command: text.slice(start), buildArguments: '', shell: undefined };
  return {
    command: text.slice(found.at + found.shell.length + 1),
    buildArguments: text.slice(start, found.at).trim(),
    shell: found.shell,
  };
}

/** Writes a RUN. A command that no shell ran is a list, of which the history keeps the words alone. */
export function writeRun(
  { command, buildArguments, shell }: ReadCommand,
  isExec: boolean,
  escape: Escape,
): Lines {
  const given = buildArguments === '' ? [] : [`# With the build arguments ${oneLine(buildArguments)}`];
  if (shell === undefined && isExec) {
    const words = command.split(/\s+/).filter((word) => word !== '');
    return [
      ...given,
      '# Run without a shell. Where its words begin and end is a guess.',
      `RUN ${writeList(words)}`,
    ];
  }
  return [...given, ...writeCommand(command.trim(), escape)];
}

function writeCommand(command: string, escape: Escape): Lines {
  const isLine = !/[\r\n]/.test(command) && !command.endsWith(escape) && !beginsHeredoc(command);
  if (isLine) return breakLines(`RUN ${command}`, escape);
  const lines = command.split(/\r?\n/);
  if (isOneHeredoc(lines)) return [`RUN ${lines[0] ?? ''}`, ...lines.slice(1)];
  const end = endMark(lines);
  return [`RUN <<${end}`, ...lines, end];
}

/**
 * Whether BuildKit is sure to read these lines as one heredoc, to the last of them. It reads only words without quotes
 * as heredocs, and what stands behind the end of one would be an instruction.
 */
function isOneHeredoc([first = '', ...others]: readonly string[]): boolean {
  const [, dash, quote = '', end] = /(?:^|\s)<<(-?)(["']?)([A-Za-z_]\w*)\2(?=\s|$)/.exec(first) ?? [];
  if (end === undefined || first.split('<<').length > 2) return false;
  if (/["'\\`$]/.test(first.replace(`<<${dash}${quote}${end}${quote}`, ''))) return false;
  const last = dash === '-' ? others.at(-1)?.replace(/^\t+/, '') : others.at(-1);
  return last === end && others.findIndex((line) => line.trim() === end) === others.length - 1;
}

/** A word that no line of the text is. */
function endMark(lines: readonly string[]): string {
  const used = new Set(lines.map((line) => line.trim()));
  let mark = 'EOF';
  while (used.has(mark)) mark += '_';
  return mark;
}

/**
 * Breaks a command where it was broken: builders join lines, and the indent of each stays. Nothing is added but the
 * breaks, for the spaces may stand between quotes. A line that would begin with `#` would be a comment, and a break
 * behind an escape would be none.
 */
function breakLines(text: string, escape: Escape): Lines {
  const [first = '', ...others] = text.split(/(?<=[^\s\\`])(?= {2,}[^\s#]| ?\t[ \t]*[^\s#])/);
  const lines = [first];
  for (const piece of others) {
    const space = piece.startsWith(' ') ? ' ' : '';
    lines.push(`${lines.pop() ?? ''}${space}${escape}`, piece.slice(space.length));
  }
  return lines;
}
