import { isUtf8 } from 'node:buffer';
import { AppError } from '../../lib/errors.ts';
import { findNameProblem, findPasswordProblem, findPasswordWeakness } from '../../auth/users/user-rules.ts';
import type { Terminal } from '../terminal/terminal.ts';

/** Throws AppError USER_INVALID if the name is not a valid user name. */
export function checkName(name: string): void {
  const problem = findNameProblem(name);
  if (problem === undefined) return;
  throw new AppError('USER_INVALID', {
    message: `The name ${JSON.stringify(name.slice(0, 80))} can't be used: it ${problem}.`,
    hint: 'A name is 1 to 255 bytes of UTF-8 without colon and control characters.',
  });
}

/** A password from standard input or, asked twice, from the terminal. Throws AppError PASSWORD_INVALID, USAGE. */
export async function readNewPassword(
  name: string,
  options: { readonly passwordStdin?: true },
  terminal: Terminal,
): Promise<string> {
  const password = await readPassword(`New password for ${name}: `, options, terminal);
  const problem = findPasswordProblem(password);
  if (problem !== undefined) throw invalid(`This password can't be used: it ${problem}.`);
  if (options.passwordStdin !== true && (await terminal.askSecret('Repeat the password: ')) !== password)
    throw invalid('The two passwords differ.');
  warnOfWeakness(password, name, terminal);
  return password;
}

/** A weak password is accepted with a warning, as htpasswd does. */
function warnOfWeakness(password: string, name: string, terminal: Terminal): void {
  const weakness = findPasswordWeakness(password, name);
  if (weakness === undefined) return;
  terminal.err(
    `Warning: the password ${weakness}, and is soon guessed if the users file is stolen. Use at least 8 characters.\n`,
  );
}

/** A password from standard input or, asked once, from the terminal. Throws AppError PASSWORD_INVALID, USAGE. */
export async function readPassword(
  question: string,
  { passwordStdin }: { readonly passwordStdin?: true },
  terminal: Terminal,
): Promise<string> {
  if (passwordStdin === true) return readPasswordInput(terminal);
  if (terminal.isTTY) return terminal.askSecret(question);
  throw new AppError('USAGE', {
    message: 'There is no terminal to ask for the password.',
    hint: 'Give it on standard input: --password-stdin < FILE',
  });
}

async function readPasswordInput(terminal: Terminal): Promise<string> {
  const bytes = await terminal.readStdin();
  if (!isUtf8(bytes)) throw invalid('The password on standard input is not UTF-8.');
  return bytes.toString('utf8').replace(/\r?\n$/, '');
}

function invalid(message: string): AppError {
  return new AppError('PASSWORD_INVALID', {
    message,
    hint: 'Choose another password: 1 to 72 bytes, in one line.',
  });
}
