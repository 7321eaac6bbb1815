import { Command, CommanderError } from 'commander';
import { packageVersion } from '../lib/package-version.ts';
import { addExamples } from './examples.ts';
import { misuseWords, refuseEmptyValues, refuseUnknownCommand, usualWords } from './terminal/misuse.ts';
import { EXIT, type ExitStatus } from './terminal/exit-status.ts';
import { findInvocation, type Invocation } from './terminal/invocation.ts';
import { reportError } from './terminal/report-error.ts';
import type { Terminal } from './terminal/terminal.ts';
import { asTyped, withoutBlamed, type GivenFlags } from './terminal/typed-command.ts';

type Create = (terminal: Terminal, exit: ExitStatus) => Command;

/** Loads a command. `sub`: the word behind it on the command line, if it is known. */
type Load = (sub?: string) => Promise<Create>;

/** Each command is loaded only when it runs, so that a server starts without the others. */
const COMMANDS: Readonly<Record<string, Load>> = {
  up: async () => (await import('./serve/up.ts')).upCommand,
  serve: async () => (await import('./serve/serve.ts')).serveCommand,
  certs: async () => (await import('./certs/certs.ts')).certsCommand,
  users: async () => (await import('./users/users.ts')).usersCommand,
  images: async (sub) => (await import('./images/images.ts')).loadImagesCommand(sub),
  access: async () => (await import('./access/access.ts')).accessCommand,
  tokens: async () => (await import('./tokens/tokens.ts')).tokensCommand,
  abuse: async () => (await import('./abuse/abuse.ts')).abuseCommand,
  audit: async () => (await import('./audit/audit.ts')).auditCommand,
  config: async () => (await import('./config/config.ts')).configCommand,
  health: async () => (await import('./health.ts')).healthCommand,
  gc: async () => (await import('./gc.ts')).gcCommand,
  completion: async () => {
    const { completionCommand } = await import('./completion/completion.ts');
    return (terminal, exit) => completionCommand(terminal, () => createProgram(terminal, exit));
  },
};

/** Internal commands, hidden from the help. */
const HIDDEN: Readonly<Record<string, Load>> = {
  docs: async () => {
    const { docsCommand } = await import('./docs.ts');
    return (terminal, exit) => docsCommand(terminal, () => createProgram(terminal, exit));
  },
  'complete-names': async () => (await import('./completion/complete-names.ts')).completeNamesCommand,
  worker: async () => (await import('./serve/worker.ts')).workerCommand,
};

/** Commands that keep running after their first output. */
const SERVING = ['up', 'serve'];

/**
 * Runs one command line and resolves to the exit code. Never throws, never ends the process.
 *
 *     await run(['users', 'list', '--json'], processTerminal) // 0
 */
export async function run(typed: readonly string[], plain: Terminal): Promise<number> {
  const argv = usualWords(typed);
  const invocation = findInvocation(plain.env, plain.startedAs);
  const given = new Map<string, readonly string[]>();
  const serves = SERVING.includes(argv[0] ?? '');
  const terminal = speakingAsTyped(
    plain,
    serves ? invocation.here : invocation.afterwards,
    invocation,
    given,
  );
  const exit: ExitStatus = { code: EXIT.done };
  try {
    const program = await createProgram(terminal, exit, argv);
    refuseUnknownCommand(program, argv);
    program.hook('preAction', (_program, command) => {
      refuseEmptyValues(command);
      for (const [flag, values] of flagsGiven(command)) given.set(flag, values);
    });
    await program.parseAsync(argv, { from: 'user' }).catch(passPrinted);
    // A gate serves on, whatever becomes of its output.
    const failure = serves ? undefined : await plain.outFailure?.();
    if (failure !== undefined) throw failure;
    return exit.code;
  } catch (error) {
    const message = error instanceof Error ? error.message : '';
    const flags = withoutBlamed(given, message);
    return reportError(error, speakingAsTyped(plain, invocation.afterwards, invocation, flags));
  }
}

/** What `--help` and `--version` throw when they have printed. */
function passPrinted(error: unknown): void {
  if (!(error instanceof CommanderError) || error.exitCode !== 0) throw error;
}

/** The command tree, from which docs/cli.md is generated; with `argv`, the part for that command line. */
export async function createProgram(
  terminal: Terminal,
  exit: ExitStatus,
  [only, sub]: readonly string[] = [],
): Promise<Command> {
  const program = new Command('registry-gate')
    .description('The front end of a private container registry: certificates, users, TLS, access rules.')
    .version(packageVersion(), '-V, --version', 'Print the version.')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.out(terminal.typed(text)),
      writeErr: (text) => terminal.err(text),
    });
  const all = Object.entries({ ...COMMANDS, ...HIDDEN });
  const asked = all.filter(([name]) => name === only);
  for (const [name, load] of asked.length > 0 ? asked : all) {
    const create = await load(asked.length > 0 ? sub : undefined);
    program.addCommand(inheriting(program, create(terminal, exit)), { hidden: name in HIDDEN });
  }
  addExamples(program);
  return explaining(program);
}

/** A terminal that prints each command in a message as it is typed here. */
function speakingAsTyped(
  terminal: Terminal,
  program: string,
  invocation: Invocation,
  given: GivenFlags,
): Terminal {
  const typed = (text: string): string => asTyped(text, program, invocation, given);
  return { ...terminal, typed, err: (text) => terminal.err(typed(text)) };
}

/** The flags of the command line, which hints repeat. */
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

/** Makes each command report usage errors in the form of errors here. */
function explaining(command: Command): Command {
  command.configureOutput({ outputError: (text, write) => write(misuseWords(command, text)) });
  for (const child of command.commands) explaining(child);
  return command;
}

/** `addCommand` does not pass settings on; without them a usage error in a subcommand would end the process. */
function inheriting(parent: Command, child: Command): Command {
  child.copyInheritedSettings(parent);
  for (const grandchild of child.commands) inheriting(child, grandchild);
  return child;
}
