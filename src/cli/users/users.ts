import { Command } from 'commander';
import { dirname } from 'node:path';
import { AppError, systemCode } from '../../lib/errors.ts';
import { unwritableHint } from '../../lib/files/atomic-file.ts';
import { makeDirectory } from '../../lib/files/ownership.ts';
import { printable, printableJson } from '../../lib/printable.ts';
import { renderTable } from '../terminal/render-table.ts';
import type { UserEntry } from '../../auth/users/htpasswd-entry.ts';
import { entriesOf, withUser, type HtpasswdDocument } from '../../auth/users/htpasswd-file.ts';
import { createHash, isCut, verifyHash } from '../../auth/passwords/password-hash.ts';
import { changeUsersFile, readUsersFile, readUsersFileIfAny } from '../../auth/users/users-file.ts';
import { EXIT, type ExitStatus } from '../terminal/exit-status.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { addUsersOptions, findUsersFile, type UsersOptions } from '../config/file-options.ts';
import { checkName, readNewPassword, readPassword } from './password.ts';
import { removeCommand } from './remove.ts';
import { refuseUnknown, unknownUser } from './unknown-user.ts';
import { renderWeakness } from '../../auth/passwords/weakness.ts';

interface PasswordOptions extends UsersOptions {
  readonly passwordStdin?: true;
}

interface AddOptions extends PasswordOptions {
  readonly parents?: true;
}

/** `users add | passwd | remove | list | verify`: the people who may sign in. */
export function usersCommand(terminal: Terminal, exit: ExitStatus): Command {
  return new Command('users')
    .addCommand(addCommand(terminal))
    .addCommand(passwdCommand(terminal))
    .addCommand(removeCommand(terminal))
    .addCommand(listCommand(terminal))
    .addCommand(verifyCommand(terminal, exit));
}

function addCommand(terminal: Terminal): Command {
  return withPasswordOption(addUsersOptions(new Command('add')))
    .description('Add a user. Asks for the password twice, without showing it.')
    .argument('<name>')
    .option('--parents', 'Also make the directory of the users file.')
    .action(async (name: string, options: AddOptions) => {
      checkName(name);
      const path = await findUsersFile(options, terminal);
      refuseExisting((await readUsersFileIfAny(path)).document, name);
      const hash = await createHash(await readNewPassword(name, options, terminal));
      if (options.parents === true) await makeDirectoryOf(path);
      await changeUsersFile(path, (document) => {
        refuseExisting(document, name);
        return withUser(document, name, hash);
      });
      terminal.err(`Added ${name} to ${path}.\n`);
    });
}

async function makeDirectoryOf(path: string): Promise<void> {
  try {
    await makeDirectory(dirname(path), 0o750);
  } catch (error) {
    throw new AppError('FILE_UNWRITABLE', {
      message: `The directory ${dirname(path)} can't be made (${systemCode(error) ?? String(error)}).`,
      hint: `Name another file with --users FILE. ${unwritableHint(systemCode(error), dirname(path))}`,
      cause: error,
    });
  }
}

function passwdCommand(terminal: Terminal): Command {
  return withPasswordOption(addUsersOptions(new Command('passwd')))
    .description('Give a user a new password.')
    .argument('<name>')
    .action(async (name: string, options: PasswordOptions) => {
      const path = await findUsersFile(options, terminal);
      refuseUnknown((await readUsersFile(path)).document, name);
      const hash = await createHash(await readNewPassword(name, options, terminal));
      await changeUsersFile(path, (document) => {
        refuseUnknown(document, name);
        return withUser(document, name, hash);
      });
      terminal.err(`Changed the password of ${name}. A running gate refuses the old one within a second.\n`);
    });
}

interface ListOptions extends UsersOptions {
  readonly json?: true;
}

/** `users list`: lists the users and how their passwords are hashed, without the hashes. */
function listCommand(terminal: Terminal): Command {
  return addUsersOptions(new Command('list'))
    .description('List the users, and how their passwords are hashed.')
    .option('--json', 'Print JSON.')
    .action(async (options: ListOptions) => {
      const path = await findUsersFile(options, terminal);
      const { document, warnings } = await readUsersFile(path);
      const rows = entriesOf(document).map(describeUser);
      terminal.out(options.json === true ? `${printableJson(rows, 2)}\n` : tableOf(rows));
      for (const { users, reason } of warnings)
        if (users === undefined) terminal.err(`Warning: ${printable(reason)}\n`);
    });
}

interface Row {
  readonly name: string;
  readonly scheme: string;
  /** Null if the scheme has no cost. */
  readonly cost: number | null;
  readonly weak: boolean;
  readonly weakness: string | null;
}

function describeUser({ name, hash }: UserEntry): Row {
  const weakness = hash.weakness === undefined ? null : renderWeakness(hash.weakness);
  return {
    name,
    scheme: hash.scheme,
    cost: hash.cost === 0 ? null : hash.cost,
    weak: weakness !== null,
    weakness,
  };
}

function tableOf(rows: readonly Row[]): string {
  const cells = rows.map(({ name, scheme, cost, weakness }) => [
    name,
    scheme,
    cost === null ? '-' : String(cost),
    weakness === null ? '' : `weak: ${weakness}`,
  ]);
  return renderTable(['NAME', 'SCHEME', 'COST', ''], cells);
}

function verifyCommand(terminal: Terminal, exit: ExitStatus): Command {
  return withPasswordOption(addUsersOptions(new Command('verify')))
    .description('Check a password: exit status 0 if it is the password of the user, 1 if not.')
    .argument('<name>')
    .action(async (name: string, options: PasswordOptions) => {
      const path = await findUsersFile(options, terminal);
      const entry = entriesOf((await readUsersFile(path)).document).find((it) => it.name === name);
      if (entry === undefined) throw unknownUser(name);
      const password = await readPassword(`Password of ${name}: `, options, terminal);
      if (password !== '' && verifyHash(entry.hash.text, password)) {
        terminal.err(`The password of ${name} is right.\n`);
        if (isCut(entry.hash, password)) terminal.err(CUT);
        return;
      }
      terminal.err(`The password of ${name} is wrong.\n`);
      exit.code = EXIT.failed;
    });
}

const CUT =
  'Warning: it is longer than 72 bytes, and bcrypt uses only the first 72, as in Apache and nginx. Choose a shorter one.\n';

function withPasswordOption(command: Command): Command {
  return command.option(
    '--password-stdin',
    'Read the password from standard input; a final line end is dropped.',
  );
}

function refuseExisting(document: HtpasswdDocument, name: string): void {
  if (!entriesOf(document).some((entry) => entry.name === name)) return;
  throw new AppError('USER_EXISTS', {
    message: `User ${name} exists already.`,
    hint: `For a new password: registry-gate users passwd ${name}`,
  });
}
