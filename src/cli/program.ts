import { Command } from 'commander';
import { packageVersion } from '../lib/package-version.ts';
import { addExamples } from './examples.ts';
import { misuseWords, refuseEmptyValues, refuseUnknownCommand, usualWords } from './terminal/misuse.ts';
import type { ExitStatus } from './terminal/exit-status.ts';
import { EXIT } from './terminal/exit-status.ts';
import type { Invocation } from './terminal/invocation.ts';
import { findInvocation } from './terminal/invocation.ts';
import { reportError } from './terminal/report-error.ts';
import type { Terminal } from './terminal/terminal.ts';
import type { GivenFlags } from './terminal/typed-command.ts';
import { asTyped, withoutBlamed } from './terminal/typed-command.ts';

type Create = (terminal: Terminal, exit: ExitStatus) => Command;

/** Each command with what it needs is loaded only where it is asked for: a server does not wait for the others. */
const COMMANDS: Readonly<Record<string, () => Promise<Create>>> = {
  up: async () => (await import('./serve/up.ts')).upCommand,
  serve: async () => (await import('./serve/serve.ts')).serveCommand,
  certs: async () => (await import('./certs/certs.ts')).certsCommand,
  users: async () => (await import('./users/users.ts')).usersCommand,
  access: async () => (await import('./access/access.ts')).accessCommand,
  tokens: async () => (await import('./tokens/tokens.ts')).tokensCommand,
  abuse: async () => (await import('./abuse/abuse.ts')).abuseCommand,
  audit: async () => (await import('./audit/audit.ts')).auditCommand,
  config: async () => (await import('./config/config.ts')).configCommand,
  health: async () => (await import('./health.ts')).healthCommand,
  gc: async () => (await import('./gc.ts')).gcCommand,
};

/** For this program itself; no help names them. */
const HIDDEN: Readonly<Record<string, () => Promise<Create>>> = {
  docs: async () => {
    const { docsCommand } = await import('./docs.ts');
    return (terminal, exit) => docsCommand(terminal, () => createProgram(terminal, exit));
  },
  worker: async () => (await import('./serve/worker.ts')).workerCommand,
};

/** Commands that go on after they have spoken. */
const SERVING = ['up', 'serve'];

/** Runs one command line and resolves to the exit code. Never throws, never ends the process. */
export async function run(typed: readonly string[], plain: Terminal): Promise<number> {
  const argv = usualWords(typed);
  const invocation = findInvocation(plain.env, plain.startedAs);
  const given = new Map<string, readonly string[]>();
  const lives = SERVING.includes(argv[0] ?? '');
  const terminal = speakingAsTyped(plain, lives ? invocation.here : invocation.afterwards, invocation, given);
  const exit: ExitStatus = { code: EXIT.done };
  try {
    const program = await createProgram(terminal, exit, argv[0]);
    refuseUnknownCommand(program, argv);
    program.hook('preAction', (_program, command) => {
      refuseEmptyValues(command);
      for (const [flag, values] of flagsGiven(command)) given.set(flag, values);
    });
    await program.parseAsync(argv, { from: 'user' });
    return exit.code;
  } catch (error) {
    const message = error instanceof Error ? error.message : '';
    const flags = withoutBlamed(given, message);
    return reportError(error, speakingAsTyped(plain, invocation.afterwards, invocation, flags));
  }
}

/** The command tree, which docs/cli.md is generated from; or as much of it as this one command needs. */
export async function createProgram(terminal: Terminal, exit: ExitStatus, only?: string): Promise<Command> {
  const program = new Command('registry-gate')
    .description('The front door of a private container registry: certificates, users, TLS, rights.')
    .version(packageVersion(), '-V, --version', 'Print the version.')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.out(terminal.typed(text)),
      writeErr: (text) => terminal.err(text),
    });
  const all = Object.entries({ ...COMMANDS, ...HIDDEN });
  const asked = all.filter(([name]) => name === only);
  for (const [name, load] of asked.length > 0 ? asked : all) {
    const create = await load();
    program.addCommand(inheriting(program, create(terminal, exit)), { hidden: name in HIDDEN });
  }
  addExamples(program);
  return explaining(program);
}

/** A terminal whose words name each command as it is typed in this place. */
function speakingAsTyped(
  terminal: Terminal,
  program: string,
  invocation: Invocation,
  given: GivenFlags,
): Terminal {
  const typed = (text: string): string => asTyped(text, program, invocation, given);
  return { ...terminal, typed, err: (text) => terminal.err(typed(text)) };
}

/** What the command line said, for the commands that a hint names. */
function flagsGiven(command: Command): GivenFlags {
  const said = command.options.filter(
    (option) => command.getOptionValueSource(option.attributeName()) === 'cli',
  );
  return new Map(
    said.map((option) => {
      const value: unknown = command.getOptionValue(option.attributeName());
      const values = Array.isArray(value) ? value : [value];
      return [option.name(), values.filter((it) => typeof it === 'string')];
    }),
  );
}

/** Has each command explain what it cannot read of a command line. */
function explaining(command: Command): Command {
  command.configureOutput({ outputError: (text, write) => write(misuseWords(command, text)) });
  for (const child of command.commands) explaining(child);
  return command;
}

/** `addCommand` does not hand settings down; without this a mistake in a subcommand would end the process. */
function inheriting(parent: Command, child: Command): Command {
  child.copyInheritedSettings(parent);
  for (const grandchild of child.commands) inheriting(child, grandchild);
  return child;
}
