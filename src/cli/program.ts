import { Command, CommanderError } from 'commander';
import { packageVersion } from '../lib/package-version.ts';
import { addExamples } from './examples.ts';
import type { Load } from './terminal/command-group.ts';
import { misuseWords, refuseEmptyValues, refuseUnknownCommand, usualWords } from './terminal/misuse.ts';
import { EXIT, type ExitStatus } from './terminal/exit-status.ts';
import { findInvocation, type Invocation } from './terminal/invocation.ts';
import { reportError } from './terminal/report-error.ts';
import type { Terminal } from './terminal/terminal.ts';
import { asTyped, withoutBlamed, type GivenFlags } from './terminal/typed-command.ts';

interface Entry {
  /** What the help says of it. */
  readonly says: string;
  readonly load: Load;
}

/** Each command is loaded only when it runs, so that it starts without the others. */
const COMMANDS: Readonly<Record<string, Entry>> = {
  up: {
    says: 'Make what is missing (CA, certificate, a first user), serve, and print what to type next.',
    load: async () => (await import('./serve/up.ts')).upCommand,
  },
  serve: {
    says: 'Serve the registry over HTTPS to the users of the htpasswd file.',
    load: async () => (await import('./serve/serve.ts')).serveCommand,
  },
  certs: {
    says: 'Make, renew and show the certificates, and make clients trust them.',
    load: async (sub) => (await import('./certs/certs.ts')).loadCerts(sub),
  },
  users: {
    says: 'Add, change, remove and list the users who may sign in.',
    load: async () => (await import('./users/users.ts')).usersCommand,
  },
  images: {
    says: 'See, copy, save, load and remove images, without a daemon.',
    load: async (sub) => (await import('./images/images.ts')).loadImages(sub),
  },
  access: {
    says: 'Check what the access file allows.',
    load: async () => (await import('./access/access.ts')).accessCommand,
  },
  tokens: {
    says: 'Make, list and revoke tokens for machines; list and revoke the devices and browsers that signed in.',
    load: async () => (await import('./tokens/tokens.ts')).tokensCommand,
  },
  abuse: {
    says: 'List users and networks with wrong passwords, and unlock blocked ones.',
    load: async () => (await import('./abuse/abuse.ts')).abuseCommand,
  },
  audit: {
    says: 'Show the audit log, and verify its chain.',
    load: async () => (await import('./audit/audit.ts')).auditCommand,
  },
  config: {
    says: 'Check and show the configuration.',
    load: async () => (await import('./config/config.ts')).configCommand,
  },
  doctor: {
    says: 'Find out why clients can not use a registry, and what cures it.',
    load: async () => (await import('./doctor/doctor.ts')).doctorCommand,
  },
  health: {
    says: 'Check whether the gate on this machine is healthy, or ready.',
    load: async () => (await import('./health.ts')).healthCommand,
  },
  gc: {
    says: 'Remove the blobs that no image of the embedded registry needs.',
    load: async () => (await import('./gc.ts')).gcCommand,
  },
  completion: {
    says: 'Print the script with which a shell completes the commands here.',
    load: async () => {
      const { completionCommand } = await import('./completion/completion.ts');
      return (terminal, exit) => completionCommand(terminal, () => createProgram(terminal, exit));
    },
  },
};

/** Internal commands, hidden from the help. */
const HIDDEN: Readonly<Record<string, Entry>> = {
  docs: {
    says: 'Write the generated references.',
    load: async () => {
      const { docsCommand } = await import('./docs.ts');
      return (terminal, exit) => docsCommand(terminal, () => createProgram(terminal, exit));
    },
  },
  'complete-names': {
    says: 'Print names that complete a word.',
    load: async () => (await import('./completion/complete-names.ts')).completeNamesCommand,
  },
  worker: {
    says: 'One of the serving processes; only --workers starts it.',
    load: async () => (await import('./serve/worker.ts')).workerCommand,
  },
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

/**
 * The command tree, from which docs/cli.md is generated. With `argv` the part for that command line: the command that it
 * names, or, where it names none, what the help and suggestions tell of all of them.
 */
export async function createProgram(
  terminal: Terminal,
  exit: ExitStatus,
  argv?: readonly string[],
): Promise<Command> {
  const program = new Command('registry-gate')
    .description('The front end of a private container registry: certificates, users, TLS, access rules.')
    .version(packageVersion(), '-V, --version', 'Print the version.')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.out(terminal.typed(text)),
      writeErr: (text) => terminal.err(text),
    });
  const [only, sub] = (argv ?? []).filter((word) => !word.startsWith('-'));
  const all = Object.entries({ ...COMMANDS, ...HIDDEN });
  const asked = all.filter(([name]) => name === only);
  for (const [name, { says, load }] of asked.length > 0 ? asked : all) {
    const isNamedOnly = argv !== undefined && asked.length === 0;
    const command = isNamedOnly ? new Command(name) : (await load(sub))(terminal, exit);
    program.addCommand(inheriting(program, command.description(says)), { hidden: name in HIDDEN });
  }
  // The list of commands is the same whether they are loaded or not.
  program.configureHelp({ subcommandTerm: (command) => command.name() });
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
