import { Command } from 'commander';
import { AppError } from '../lib/errors.ts';
import { identityTokensFile } from '../tokens/identity-token.ts';
import { machineTokensFile } from '../tokens/machine-token.ts';
import { changeState } from '../tokens/state-file.ts';
import type { StateFile } from '../tokens/state-file.ts';
import type { Terminal } from './terminal.ts';
import { certificateCommand } from './tokens-certificate.ts';
import { createCommand } from './tokens-create.ts';
import { listTokens } from './tokens-list.ts';
import { addStateOptions, findState } from './tokens-place.ts';
import type { StateOptions } from './tokens-place.ts';

/** `tokens create | list | revoke | certificate`: secrets for machines, and the devices that people signed in with. */
export function tokensCommand(terminal: Terminal): Command {
  return new Command('tokens')
    .description('Make, list and revoke tokens for machines; list and revoke the devices that signed in.')
    .addCommand(createCommand(terminal))
    .addCommand(listTokens(terminal))
    .addCommand(revokeCommand(terminal))
    .addCommand(certificateCommand(terminal));
}

function revokeCommand(terminal: Terminal): Command {
  return addStateOptions(new Command('revoke'))
    .description('End a token, or the sign-in of a device.')
    .argument('<id>')
    .action(async (id: string, options: StateOptions) => {
      const { paths } = await findState(options, terminal);
      const isGone =
        (await remove(machineTokensFile(paths.machineTokens), id)) ||
        (await remove(identityTokensFile(paths.identityTokens), id));
      if (!isGone) throw unknownToken(id);
      terminal.err(`Revoked ${id}. A running gate refuses it within a second.\n`);
    });
}

/** Takes the token with this id out of a file; false where it is not in there. */
async function remove<T extends { readonly id: string }, S extends { readonly tokens: readonly T[] }>(
  file: StateFile<S>,
  id: string,
): Promise<boolean> {
  let isFound = false;
  await changeState(file, (state) => {
    const tokens = state.tokens.filter((token) => token.id !== id);
    isFound = tokens.length < state.tokens.length;
    return isFound ? { ...state, tokens } : state;
  });
  return isFound;
}

function unknownToken(id: string): AppError {
  return new AppError('TOKEN_UNKNOWN', {
    message: `There is no token with the id ${JSON.stringify(id.slice(0, 80))}.`,
    hint: 'See which there are: registry-gate tokens list',
  });
}
