import { Command } from 'commander';
import { entriesOf } from '../../auth/users/htpasswd-file.ts';
import { readUsersFile } from '../../auth/users/users-file.ts';
import type { UserEntry } from '../../auth/users/htpasswd-entry.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { addUsersOptions, findUsersFile } from '../config/file-options.ts';
import type { UsersOptions } from '../config/file-options.ts';
import { printable, printableJson } from '../../lib/printable.ts';
import { renderTable } from '../terminal/render-table.ts';

interface ListOptions extends UsersOptions {
  readonly json?: true;
}

/** `users list`: names and how well their passwords are kept; never a hash. */
export function listUsers(terminal: Terminal): Command {
  return addUsersOptions(new Command('list'))
    .description('List the users, and how their passwords are kept.')
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
  /** Null where the scheme has no cost. */
  readonly cost: number | null;
  readonly weak: boolean;
  readonly weakness: string | null;
}

function describeUser({ name, hash }: UserEntry): Row {
  const weakness = hash.weakness ?? null;
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
