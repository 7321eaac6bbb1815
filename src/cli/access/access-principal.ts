import { AppError } from '../../lib/errors.ts';
import type { Principal } from '../../auth/principal.ts';
import { aliveTokens, machineTokensFile } from '../../auth/tokens/store/machine-token.ts';
import { readState } from '../../auth/tokens/store/state-file.ts';
import { credentialVersions } from '../../auth/users/htpasswd-directory.ts';
import { readUsersFile } from '../../auth/users/users-file.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { findState, type StateFiles, type StateOptions } from '../config/file-options.ts';

/** A principal, and warnings about it. */
interface FoundPrincipal {
  readonly principal: Principal;
  readonly warnings: readonly string[];
}

/** Looks up the name among users and tokens. A token has the scope that it was made with. */
export async function findPrincipal(
  principal: Principal,
  options: StateOptions,
  terminal: Terminal,
): Promise<FoundPrincipal> {
  if (principal.kind === 'anonymous') return { principal, warnings: [] };
  const state = await findState(options, terminal);
  return principal.kind === 'machine'
    ? findToken(principal.name, state)
    : { principal, warnings: await unknownUserWarnings(principal.name, state) };
}

async function findToken(name: string, { paths, users }: StateFiles): Promise<FoundPrincipal> {
  const { state } = await readState(machineTokensFile(paths.machineTokens));
  const alive = aliveTokens(state, name, Date.now());
  const scopes = new Set(alive.map(({ scope }) => JSON.stringify(scope)));
  const newest = alive.at(-1);
  const principal: Principal = {
    kind: 'machine',
    name,
    tokenId: newest?.id,
    scope: newest?.scope ?? undefined,
    maker: newest?.maker === undefined ? undefined : { name: newest.maker, groups: [] },
  };
  if (newest === undefined) {
    return {
      principal,
      warnings: [`there is no token ${JSON.stringify(name)}, so no client can sign in with this name.`],
    };
  }
  const { id, networks, maker } = newest;
  const gone = maker === undefined ? [] : await unknownUserWarnings(maker, { users });
  const differ = `there are ${alive.length} tokens of this name with different rights: the answer is for ${id}, the newest.`;
  const restriction = `the token ${id} can be used only from ${networks.join(', ')}.`;
  return {
    principal,
    warnings: [...gone, ...(scopes.size > 1 ? [differ] : []), ...(networks.length > 0 ? [restriction] : [])],
  };
}

/** No warning if the users file can't be read: the rules can be checked without it. */
async function unknownUserWarnings(
  name: string,
  { users }: Pick<StateFiles, 'users'>,
): Promise<readonly string[]> {
  if (name === '') return [];
  try {
    const { document } = await readUsersFile(users);
    return credentialVersions(document)(name) === undefined
      ? [`there is no user ${JSON.stringify(name)}, so no client can sign in with this name.`]
      : [];
  } catch (error) {
    if (error instanceof AppError && error.code.startsWith('HTPASSWD_')) return [];
    throw error;
  }
}
