import { Command } from 'commander';
import { AppError } from '../../lib/errors.ts';
import { printable } from '../../lib/printable.ts';
import { dropTokensOfMaker } from '../../auth/tokens/store/machine-token.ts';
import { withoutUser } from '../../auth/users/htpasswd-file.ts';
import { changeUsersFile, readUsersFile } from '../../auth/users/users-file.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { addStateOptions, findState, findUsersFile, type StateOptions } from '../config/file-options.ts';
import { refuseUnknown } from './unknown-user.ts';

/** `users remove`: removes a user, and the machine tokens that this user made. */
export function removeCommand(terminal: Terminal): Command {
  return addStateOptions(new Command('remove'))
    .description('Remove a user, and the tokens that this user made.')
    .argument('<name>')
    .action(async (name: string, options: StateOptions) => {
      const path = await findUsersFile(options, terminal);
      refuseUnknown((await readUsersFile(path)).document, name);
      await changeUsersFile(path, (document) => {
        refuseUnknown(document, name);
        return withoutUser(document, name);
      });
      terminal.err(`Removed ${name} from ${path}.\n`);
      await dropTokens(name, options, terminal);
    });
}

/**
 * A gate that serves or starts later ends the tokens too. It knows by the file alone that the user was gone, and not where
 * another user of the name is added at once.
 */
async function dropTokens(name: string, options: StateOptions, terminal: Terminal): Promise<void> {
  try {
    const { paths } = await findState(options, terminal);
    const count = await dropTokensOfMaker(paths.machineTokens, name);
    if (count > 0)
      terminal.err(`Removed ${count === 1 ? 'a token' : `${count} tokens`} that ${name} made.\n`);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const reason = printable(error.message);
    terminal.err(
      `Warning: the tokens that ${name} made stay in the file until the gate reads it: ${reason}\n`,
    );
  }
}
