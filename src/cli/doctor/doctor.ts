import { Command, Option } from 'commander';
import { AppError } from '../../lib/errors.ts';
import { thisMachine } from '../../pki/trust/trust-target.ts';
import { collect } from '../certs/options.ts';
import { addConfigOptions } from '../config/config-flags.ts';
import { stopOnSignals } from '../images/connection/stop-on-signals.ts';
import { EXIT, type ExitStatus } from '../terminal/exit-status.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { CLIENT_NAMES } from './clients.ts';
import { applyFixes } from './fix.ts';
import { prepareLook } from './look.ts';
import { CONFIGURATION, SCRATCH, type Options } from './options.ts';
import { printJson, printReport } from './print.ts';

const DETAILS = `
Without HOST it looks at the gate of the configuration here, as its server and as a client of it. With HOST it looks at
that registry as a client; if the gate here has that name, as its server too.
It asks for a sign-in only over a connection that is verified. Where the account may push and remove, a tiny image goes to
the registry, back, and is removed; where it may not remove, nothing is pushed.
Under each failing check stands the command that cures it. Exit code: 0 all is well, 1 something failed, 2 wrong usage.
`;

/** `doctor`: finds out why a client can't use a registry, and says what to type. */
export function doctorCommand(terminal: Terminal, exit: ExitStatus): Command {
  const command = new Command('doctor')
    .description('Find out why clients can not use a registry, and what cures it.')
    .argument('[HOST]', 'The registry as in image names: HOST or HOST:PORT. Default: the gate here.')
    .addOption(
      new Option(
        '--client <NAME>',
        `A client that will be used: ${CLIENT_NAMES.join(', ')}. Repeatable. Default: those that are installed.`,
      ).argParser(collect),
    )
    .option('--ca <FILE>', 'The CA certificate that clients are to trust.')
    .option('--fingerprint <HEX>', 'SHA-256 of the CA, as certs status prints it on the server.')
    .option(
      '--user <NAME>',
      'The user to sign in as. Default: whoever docker login or podman login signed in.',
    )
    .option('--password-stdin', 'Read the password of --user from standard input.')
    .option('--auth-file <FILE>', 'Where sign-ins are stored, in place of the files of docker and podman.')
    .option('--push <REPOSITORY>', `Where the tiny image goes to. Default: ${SCRATCH}.`)
    .option('--no-push', 'Push nothing.')
    .option('--fix', 'Cure what is safe to: trust stores, permissions, a certificate that is due.')
    .option('--json', 'Print JSON.');
  addConfigOptions(command, CONFIGURATION).addHelpText('after', DETAILS.trimEnd());
  return command.action(async (host: string | undefined, options: Options) => {
    exit.code = await examine(host, options, terminal);
  });
}

async function examine(host: string | undefined, options: Options, terminal: Terminal): Promise<number> {
  const { signal, forget } = stopOnSignals(terminal, interrupted);
  try {
    const look = await prepareLook(host, options, terminal, signal);
    let seen = await look();
    let fixed: readonly string[] = [];
    if (options.fix === true) {
      const machine = await thisMachine(terminal.env);
      fixed = await applyFixes(seen.checks, { ...seen, machine }, terminal);
      if (fixed.length > 0) seen = await look();
    }
    signal.throwIfAborted();
    const { checks, target } = seen;
    const report = { checks, registry: target?.registry, fixed };
    if (options.json === true) printJson(report, terminal);
    else printReport(report, terminal);
    const failed = checks.filter(({ verdict }) => verdict === 'wrong').length;
    if (failed === 0) return EXIT.done;
    terminal.err(`${failed} of ${checks.length} checks failed.\n`);
    return EXIT.failed;
  } finally {
    forget();
  }
}

function interrupted(): AppError {
  return new AppError('INTERRUPTED', { message: 'Stopped.' });
}
