import type { Command } from 'commander';
import { collect } from '../../certs/options.ts';

/** What is said of a registry on the command line. */
export interface ConnectionOptions {
  readonly user?: string;
  readonly passwordStdin?: true;
  readonly ca?: string;
  readonly plainHttp?: true;
  readonly plainHttpFor?: readonly string[];
  readonly authFile?: string;
}

/** Adds the options of a command that talks to a registry. */
export function addConnectionOptions(command: Command): Command {
  return command
    .option(
      '--user <NAME>',
      'The user to sign in as. Default: whoever docker login or podman login signed in.',
    )
    .option('--password-stdin', 'Read the password of --user from standard input.')
    .option('--auth-file <FILE>', 'Where sign-ins are stored, in place of the files of docker and podman.')
    .option('--ca <FILE>', 'A PEM file with a CA to trust, beside those of the system.')
    .option('--plain-http', 'Speak to all registries named without TLS. Passwords can be read on the way.')
    .option(
      '--plain-http-for <REGISTRY>',
      'Speak to this registry alone without TLS: where there are two. Repeatable.',
      collect,
    );
}
