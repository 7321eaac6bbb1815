import { Command } from 'commander';
import { packageVersion } from '../lib/package-version.ts';
import type { Outcome } from './outcome.ts';
import { EXIT } from './outcome.ts';
import { reportError } from './report-error.ts';
import type { Terminal } from './terminal.ts';

type Create = (terminal: Terminal, outcome: Outcome) => Command;

/** Each command with what it needs is loaded only where it is asked for: a server does not wait for the others. */
const COMMANDS: Readonly<Record<string, () => Promise<Create>>> = {
  up: async () => (await import('./up.ts')).upCommand,
  serve: async () => (await import('./serve.ts')).serveCommand,
  certs: async () => (await import('./certs.ts')).certsCommand,
  users: async () => (await import('./users.ts')).usersCommand,
  access: async () => (await import('./access.ts')).accessCommand,
  tokens: async () => (await import('./tokens.ts')).tokensCommand,
  abuse: async () => (await import('./abuse.ts')).abuseCommand,
  audit: async () => (await import('./audit.ts')).auditCommand,
  config: async () => (await import('./config.ts')).configCommand,
  gc: async () => (await import('./gc.ts')).gcCommand,
};

/** For this program itself; no help names them. */
const HIDDEN: Readonly<Record<string, () => Promise<Create>>> = {
  docs: async () => {
    const { docsCommand } = await import('./docs.ts');
    return (terminal, outcome) => docsCommand(terminal, () => createProgram(terminal, outcome));
  },
  worker: async () => (await import('./worker.ts')).workerCommand,
};

/** Runs one command line and resolves to the exit code. Never throws, never ends the process. */
export async function run(argv: readonly string[], plain: Terminal): Promise<number> {
  const terminal = speakingAsCalled(plain);
  const outcome: Outcome = { exitCode: EXIT.done };
  try {
    const program = await createProgram(terminal, outcome, argv[0]);
    await program.parseAsync(argv, { from: 'user' });
    return outcome.exitCode;
  } catch (error) {
    return reportError(error, terminal);
  }
}

/** The command tree, which docs/cli.md is generated from; or as much of it as this one command needs. */
export async function createProgram(terminal: Terminal, outcome: Outcome, only?: string): Promise<Command> {
  const program = new Command('registry-gate')
    .description('The front door of a private container registry: certificates, users, TLS, rights.')
    .version(packageVersion(), '-V, --version', 'Print the version.')
    .exitOverride()
    .configureOutput({ writeOut: (text) => terminal.out(text), writeErr: (text) => terminal.err(text) });
  const all = Object.entries({ ...COMMANDS, ...HIDDEN });
  const asked = all.filter(([name]) => name === only);
  for (const [name, load] of asked.length > 0 ? asked : all) {
    const create = await load();
    program.addCommand(inheriting(program, create(terminal, outcome)), { hidden: name in HIDDEN });
  }
  return program;
}

/**
 * In a checkout there is no program called registry-gate: whoever came by `npm run` is told to go on by it, so that
 * every command in a hint can be typed as it stands.
 */
function speakingAsCalled(terminal: Terminal): Terminal {
  if (!['gate', 'start'].includes(terminal.env['npm_lifecycle_event'] ?? '')) return terminal;
  const command = new RegExp(`\\bregistry-gate (?=(?:${Object.keys(COMMANDS).join('|')}) )`, 'g');
  return { ...terminal, err: (text) => terminal.err(text.replace(command, 'npm run -s gate -- ')) };
}

/** `addCommand` does not hand settings down; without this a mistake in a subcommand would end the process. */
function inheriting(parent: Command, child: Command): Command {
  child.copyInheritedSettings(parent);
  for (const grandchild of child.commands) inheriting(child, grandchild);
  return child;
}
