import { Command } from 'commander';
import { checkClock } from '../../lib/clock.ts';
import { AppError } from '../../lib/errors.ts';
import { parseNetwork } from '../../lib/network.ts';
import { findPatternProblem } from '../../auth/policy/pattern.ts';
import { parseLifetime } from '../../auth/tokens/store/lifetime.ts';
import {
  MOST_ALIVE,
  aliveTokens,
  machineTokensFile,
  makeTokenId,
  withToken,
} from '../../auth/tokens/store/machine-token.ts';
import { isAction } from '../../oci/request/parse.ts';
import type { ScopeEntry, TokenScope } from '../../auth/principal.ts';
import type { MachineToken } from '../../auth/tokens/store/machine-token.ts';
import { makeSecret } from '../../auth/tokens/store/secret-text.ts';
import { changeState } from '../../auth/tokens/store/state-file.ts';
import { credentialVersions } from '../../auth/users/htpasswd-directory.ts';
import { readUsersFileIfAny } from '../../auth/users/users-file.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { addStateOptions, findState, type StateOptions } from '../config/file-options.ts';
import { checkName } from '../users/password.ts';

interface CreateOptions extends StateOptions {
  readonly repository?: readonly string[];
  readonly allow?: string;
  readonly expires: string;
  readonly network?: readonly string[];
}

/** `tokens create`: prints only the secret to standard output, and never shows it again. */
export function createCommand(terminal: Terminal): Command {
  return addStateOptions(new Command('create'))
    .description('Make a token for a machine. The secret is printed once, and stored as a hash.')
    .argument('<name>', 'The user name of the machine.')
    .option(
      '--repository <PATTERN...>',
      "The repositories of the token, like 'team/**'. Without it, the access rules for token:NAME apply.",
    )
    .option('--allow <ACTIONS>', 'What it may do there: pull, push, delete, separated by commas.')
    .option('--expires <TIME>', 'Its lifetime: 12h, 90d, 26w or never.', '90d')
    .option('--network <CIDR...>', 'Addresses or networks from which it may be used. Default: all.')
    .action(async (name: string, options: CreateOptions) => {
      const { paths, users } = await findState(options, terminal);
      await checkTokenName(name, users);
      const { secret, hash } = makeSecret('machine');
      const token = makeToken(name, hash, options);
      await changeState(machineTokensFile(paths.machineTokens), (state) => {
        const alive = aliveTokens(state, name, Date.now());
        if (alive.length >= MOST_ALIVE) throw tooMany(name, alive);
        return withToken(state, token, Date.now());
      });
      terminal.err(describe(token));
      terminal.out(`${secret.reveal()}\n`);
    });
}

async function checkTokenName(name: string, users: string): Promise<void> {
  checkName(name);
  const { document } = await readUsersFileIfAny(users);
  if (credentialVersions(document)(name) === undefined) return;
  throw new AppError('USER_EXISTS', {
    message: `There is a user ${name} already. Nothing was made.`,
    hint: `Choose a name that no user has, like ${name}-ci.`,
  });
}

function makeToken(name: string, hash: string, options: CreateOptions): MachineToken {
  const now = Date.now();
  checkClock(new Date(now));
  const scope = readScope(options);
  const lifetime = parseLifetime(options.expires);
  if (lifetime === undefined) {
    throw invalid(
      `--expires ${options.expires} is not a lifetime`,
      'For example 12h, 90d, 26w (at most ten years), or never.',
    );
  }
  for (const network of options.network ?? []) {
    const outcome = parseNetwork(network);
    if (!outcome.ok)
      throw invalid(`--network ${network} can't be used: it ${outcome.reason}`, 'For example 10.0.0.0/8.');
  }
  return {
    id: makeTokenId('m'),
    name,
    hash,
    scope,
    networks: options.network ?? [],
    created: new Date(now).toISOString(),
    expires: lifetime === null ? null : new Date(now + lifetime).toISOString(),
  };
}

/** The scope; null without --repository and --allow. */
function readScope({ repository, allow }: CreateOptions): TokenScope | null {
  if (repository === undefined && allow === undefined) return null;
  if (repository === undefined || allow === undefined) {
    throw new AppError('USAGE', {
      message: '--repository and --allow must be given together.',
      hint: "For example --repository 'team/**' --allow pull,push. Without both, the access rules apply.",
    });
  }
  for (const pattern of repository) {
    const problem = findPatternProblem(pattern);
    if (problem !== undefined)
      throw invalid(`--repository ${pattern} can't be used: it ${problem}`, "For example 'team/**'.");
  }
  if (repository.every((pattern) => pattern.startsWith('!'))) {
    throw invalid(
      '--repository only excludes repositories',
      "Also name repositories to include: --repository 'team/**'.",
    );
  }
  return [{ repositories: repository, allow: readActions(allow) }];
}

function readActions(allow: string): ScopeEntry['allow'] {
  const words = [...new Set(allow.split(',').map((word) => word.trim()))];
  const actions = words.filter(isAction);
  if (actions.length === words.length) return actions;
  throw invalid(
    `--allow ${allow} can't be used`,
    'It takes pull, push and delete, separated by commas: --allow pull,push',
  );
}

function describe({ id, name, scope, expires, networks }: MachineToken): string {
  const what =
    scope === null
      ? `the rights of token:${name} in the access rules`
      : scope
          .map(({ repositories, allow }) => `${allow.join(', ')} in ${repositories.join(', ')}`)
          .join('; ');
  const from = networks.length === 0 ? '' : `, from ${networks.join(', ')}`;
  const until = expires === null ? 'It never expires.' : `It expires on ${expires.slice(0, 10)}.`;
  return [
    `Made the token ${id} of ${name}: ${what}${from}. ${until}`,
    ...(expires === null
      ? [
          'Warning: a token that never expires stays valid if it leaks. Better give it a lifetime: --expires 90d',
        ]
      : []),
    `Use it as a password: docker login -u ${name} --password-stdin HOST`,
    'The secret is shown only once:',
    '',
  ].join('\n');
}

function tooMany(name: string, alive: readonly MachineToken[]): AppError {
  return new AppError('TOKEN_LIMIT', {
    message: `${name} has ${alive.length} active tokens: ${alive.map(({ id }) => id).join(', ')}.`,
    hint: `Find the one that is no longer used (registry-gate tokens list), then revoke it: registry-gate tokens revoke ${alive[0]?.id}`,
  });
}

function invalid(message: string, hint: string): AppError {
  return new AppError('TOKEN_INVALID', { message: `${message}. Nothing was made.`, hint });
}
