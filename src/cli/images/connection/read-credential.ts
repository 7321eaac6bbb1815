import type { Credential } from '../../../images/credentials/credential.ts';
import { AppError } from '../../../lib/errors.ts';
import { printable } from '../../../lib/printable.ts';
import { Secret } from '../../../lib/secret.ts';
import type { Terminal } from '../../terminal/terminal.ts';
import type { ConnectionOptions } from './connection-options.ts';

/** Reads the password of `--user`. Undefined if no user was named. Throws AppError USAGE. */
export async function readCredential(
  { user, passwordStdin }: ConnectionOptions,
  terminal: Terminal,
): Promise<Credential | undefined> {
  if (user === undefined) {
    if (passwordStdin !== true) return undefined;
    throw new AppError('USAGE', {
      message: '--password-stdin needs a name.',
      hint: 'Name the user: --user NAME --password-stdin',
    });
  }
  const password = await readPassword(user, passwordStdin === true, terminal);
  return { kind: 'password', user, password: new Secret(password) };
}

async function readPassword(user: string, isInput: boolean, terminal: Terminal): Promise<string> {
  // One line end belongs to the line, not to the password, as in docker.
  if (isInput) return (await terminal.readStdin()).toString('utf8').replace(/\r?\n$/, '');
  if (terminal.isTTY) return terminal.askSecret(`Password of ${printable(user)}: `);
  throw new AppError('USAGE', {
    message: '--user needs a password, and there is no terminal to ask for it.',
    hint: 'Send it on standard input: --user NAME --password-stdin',
  });
}
