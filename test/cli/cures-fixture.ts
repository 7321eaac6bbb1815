import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run as runProgram } from '../../src/cli/program.ts';
import { run as runShell } from '../support/programs.ts';
import { recordingTerminal } from '../support/terminal.ts';

/** What a user at a terminal sees of one command. */
export interface Seen {
  readonly status: number;
  readonly out: string;
  readonly err: string;
  /** The code that the error names, if it is one. */
  readonly code: string | undefined;
  /** The lines that say what to do. */
  readonly hint: string;
}

/** An empty folder in which commands are typed. */
export interface Fixture {
  /** Types a command line that begins with the name of the program. */
  readonly type: (
    line: string,
    more?: { readonly answers?: readonly string[]; readonly stdin?: string },
  ) => Promise<Seen>;
  /** Runs the command that a hint prints, the parts for a shell before it included; placeholders become `names`. */
  readonly follow: (hint: string, names?: Readonly<Record<string, string>>) => Promise<Seen>;
  readonly write: (path: string, text: string) => Promise<void>;
  readonly read: (path: string) => Promise<string>;
  readonly close: () => Promise<void>;
}

const PASSWORD = 'correct horse battery staple';
const PLACEHOLDERS = { 'NAME-OR-ADDRESS': 'registry.lan', NAME: 'alice' } as const;
/** Steps with `&&` between them, of which the last is a command of the program. */
const COMMAND =
  /(?:(?:mkdir|mv|cat|chmod) [^&;]+ && )*registry-gate [a-z-]+(?: [a-z]+)?(?: (?:'[^']*'|[^\s;,()'.][^\s;,()']*))*/;

/** Changes the directory of the process, so that paths are as short as a user types them. */
export async function openFixture(): Promise<Fixture> {
  const before = process.cwd();
  const directory = await mkdtemp(join(tmpdir(), 'gate-cures-'));
  process.chdir(directory);
  const type: Fixture['type'] = async (line, { answers = [PASSWORD, PASSWORD], stdin = '' } = {}) => {
    const terminal = recordingTerminal({
      isTTY: true,
      answers,
      stdin,
      env: { HOME: directory, XDG_CONFIG_HOME: directory },
    });
    const [, ...argv] = wordsOf(line);
    const status = await runProgram(argv, terminal);
    const err = terminal.stderr();
    const [, code, rest = ''] = /error\[([A-Z_]+)\]:([^]*)/.exec(err) ?? [];
    return { status, out: terminal.stdout(), err, code, hint: rest.split('\n').slice(1).join('\n') };
  };
  return {
    type,
    follow: async (hint, names = {}) => {
      const command = COMMAND.exec(hint)?.[0];
      if (command === undefined) throw new Error(`no command in: ${hint}`);
      const steps = withNames(command.trim(), { ...names, ...PLACEHOLDERS }).split(' && ');
      for (const step of steps.slice(0, -1)) await mustRun(step);
      return type(steps.at(-1) ?? '');
    },
    write: async (path, text) => {
      await mkdir(join(directory, path, '..'), { recursive: true });
      await writeFile(join(directory, path), text, { mode: 0o600 });
    },
    read: (path) => readFile(join(directory, path), 'utf8'),
    close: async () => {
      process.chdir(before);
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** A line of a shell, one command without `registry-gate` in it. */
export async function mustRun(line: string): Promise<void> {
  const { status, output } = await runShell('sh', ['-c', line]);
  if (status !== 0) throw new Error(`${line}: ${output}`);
}

function withNames(command: string, names: Readonly<Record<string, string>>): string {
  return Object.entries(names).reduce(
    (text, [name, value]) => text.replaceAll(new RegExp(`(?<![\\w-])${name}(?![\\w-])`, 'g'), value),
    command,
  );
}

/** As a shell splits them: quotes hold words together. */
function wordsOf(line: string): readonly string[] {
  return [...line.matchAll(/(?:'[^']*'|[^\s'])+/g)].map(([word]) => word.replaceAll("'", ''));
}
