import type { Config } from '../../config/schema/schema.ts';
import type { Logger } from '../../lib/logger.ts';
import { watchFiles } from '../../lib/files/watch-file.ts';
import type { Watcher } from '../../lib/files/watch-file.ts';
import { hasAnonymousRules } from '../../auth/policy/policy.ts';
import type { Policy } from '../../auth/policy/policy.ts';
import { openTokens } from '../../auth/tokens/open-tokens.ts';
import type { Tokens, TokensOptions } from '../../auth/tokens/open-tokens.ts';
import { createAuthenticator } from '../../auth/authenticator.ts';
import type { HashPool } from '../../auth/passwords/hash-pool.ts';
import type { UserStore } from '../../auth/users/user-store.ts';
import type { Audit } from '../observe/audit.ts';
import { createChallenge } from '../../pipeline/auth/challenge.ts';
import type { Challenge } from '../../pipeline/auth/challenge.ts';
import { syncCredentials } from '../cluster/credential-sync.ts';
import type { ClusterContext } from '../cluster/cluster-context.ts';
import { openGuard } from './throttling.ts';
import { followTokenChanges } from './token-changes.ts';
import { grantedAccess, toIdentity } from '../../pipeline/auth/token-rights.ts';

/** Tokens, following their files. */
export interface FollowedTokens {
  readonly tokens: Tokens;
  readonly challenge: Challenge;
  /** Look at the files now. */
  check(): Promise<void>;
  close(): Promise<void>;
}

export interface FollowTokensOptions {
  readonly users: Pick<UserStore, 'current'>;
  readonly pool: HashPool;
  readonly policy: () => Policy;
  readonly logger: Logger;
  /** Milliseconds, never running backwards. */
  readonly now: () => number;
  readonly cluster: ClusterContext;
  readonly audit: Pick<Audit, 'noteReload' | 'noteToken'> | undefined;
  /** Told of each host that clients are sent to for a token. */
  readonly onRealm: (host: string) => void;
}

const CUT =
  'the password is longer than 72 bytes, of which bcrypt looks at the first 72 alone: registry-gate users passwd';

/** Opens the tokens and follows their files. */
export async function followTokens(
  config: Pick<Config, 'abuse' | 'auth' | 'reloadMs' | 'state'>,
  { users, pool, policy, logger, now, cluster, audit, onRealm }: FollowTokensOptions,
): Promise<FollowedTokens> {
  const { state, auth, reloadMs } = config;
  const grants = grantsBy(policy, (id) => tokens.machine(id));
  const alike = syncCredentials(cluster);
  const passwords = createAuthenticator({
    store: users,
    pool,
    now,
    cacheTtlMs: auth.cacheSeconds * 1000,
    onCut: (user) => logger.warn({ user, warning: CUT }, 'users'),
    ...alike.passwords,
  });
  const guarded = await openGuard({ config, cluster, logger, users });
  const tokens: Tokens = await openTokens({
    directory: state,
    service: auth.service,
    realm: auth.realm,
    lifetimeSeconds: auth.tokenSeconds,
    identityTokens: auth.identityTokens,
    passwords,
    others: alike.tokens,
    ...guarded.options,
    grants,
    anonymous: () => hasAnonymousRules(policy()),
    logger,
    now: () => Date.now(),
    onDamage: (error) => audit?.noteReload('tokens', error),
  });
  alike.follow(passwords, tokens);
  const watcher = await watchTokens(tokens, reloadMs, audit);
  return {
    tokens,
    challenge: createChallenge({ ...auth, kind: auth.challenge, policy, onRealm }),
    check: () => watcher.check(),
    close: async () => {
      watcher.close();
      await tokens.close();
      await guarded.close();
    },
  };
}

function grantsBy(policy: () => Policy, machineOf: Tokens['machine']): TokensOptions['grants'] {
  return (holder, asked, address) => {
    const machine = holder.kind === 'token' ? machineOf(holder.id) : undefined;
    const identity = toIdentity(holder, machine, undefined);
    return identity === undefined ? [] : grantedAccess(policy(), identity, asked, address);
  };
}

async function watchTokens(
  tokens: Tokens,
  intervalMs: number,
  audit: FollowTokensOptions['audit'],
): Promise<Watcher> {
  const changes = followTokenChanges(tokens.alive, (token, what) => audit?.noteToken(token, what));
  const onChange = async (): Promise<unknown> => {
    const error = await tokens.reload();
    changes.look();
    return error;
  };
  const watcher = await watchFiles({ paths: tokens.paths, intervalMs, onChange });
  // What changed between opening and watching.
  await onChange();
  return watcher;
}
