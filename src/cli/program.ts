import { Command } from 'commander';
import { packageVersion } from '../lib/package-version.ts';
import { abuseCommand } from './abuse.ts';
import { accessCommand } from './access.ts';
import { auditCommand } from './audit.ts';
import { certsCommand } from './certs.ts';
import { configCommand } from './config.ts';
import { docsCommand } from './docs.ts';
import { gcCommand } from './gc.ts';
import type { Outcome } from './outcome.ts';
import { EXIT } from './outcome.ts';
import { reportError } from './report-error.ts';
import { serveCommand } from './serve.ts';
import type { Terminal } from './terminal.ts';
import { tokensCommand } from './tokens.ts';
import { upCommand } from './up.ts';
import { usersCommand } from './users.ts';
import { workerCommand } from './worker.ts';

/** Runs one command line and resolves to the exit code. Never throws, never ends the process. */
export async function run(argv: readonly string[], plain: Terminal): Promise<number> {
  const terminal = speakingAsCalled(plain);
  const outcome: Outcome = { exitCode: EXIT.done };
  try {
    await createProgram(terminal, outcome).parseAsync(argv, { from: 'user' });
    return outcome.exitCode;
  } catch (error) {
    return reportError(error, terminal);
  }
}

/** The command tree. Also what docs/cli.md is generated from. */
export function createProgram(terminal: Terminal, outcome: Outcome): Command {
  const program = new Command('registry-gate')
    .description('The front door of a private container registry: certificates, users, TLS, rights.')
    .version(packageVersion(), '-V, --version', 'Print the version.')
    .exitOverride()
    .configureOutput({ writeOut: (text) => terminal.out(text), writeErr: (text) => terminal.err(text) });
  for (const create of [
    upCommand,
    serveCommand,
    certsCommand,
    usersCommand,
    accessCommand,
    tokensCommand,
    abuseCommand,
    auditCommand,
    configCommand,
    gcCommand,
  ]) {
    program.addCommand(inheriting(program, create(terminal, outcome)));
  }
  const docs = docsCommand(terminal, () => createProgram(terminal, outcome));
  const worker = inheriting(program, workerCommand(terminal, outcome));
  return program.addCommand(inheriting(program, docs), { hidden: true }).addCommand(worker, { hidden: true });
}

/**
 * In a checkout there is no program called registry-gate: whoever came by `npm run` is told to go on by it, so that
 * every command in a hint can be typed as it stands.
 */
function speakingAsCalled(terminal: Terminal): Terminal {
  if (!['gate', 'start'].includes(terminal.env['npm_lifecycle_event'] ?? '')) return terminal;
  const command = /\bregistry-gate (?=(?:up|serve|certs|users|tokens|abuse|access|audit|config|gc) )/g;
  return { ...terminal, err: (text) => terminal.err(text.replace(command, 'npm run -s gate -- ')) };
}

/** `addCommand` does not hand settings down; without this a mistake in a subcommand would end the process. */
function inheriting(parent: Command, child: Command): Command {
  child.copyInheritedSettings(parent);
  for (const grandchild of child.commands) inheriting(child, grandchild);
  return child;
}
