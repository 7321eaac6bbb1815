import type { Config } from '../../config/schema/schema.ts';
import type { Logger } from '../../lib/logger.ts';
import { watchFiles, type Watcher } from '../../lib/files/watch-file.ts';
import { hasAnonymousRules, type Policy } from '../../auth/policy/policy.ts';
import { openTokens, type Tokens, type NamedToken } from '../../auth/tokens/open-tokens.ts';
import { createAuthenticator } from '../../auth/authenticator.ts';
import type { UserDirectory } from '../../auth/directory.ts';
import type { Audit } from '../observe/audit.ts';
import { createChallenge, type Challenge } from '../../pipeline/auth/challenge.ts';
import { syncCredentials } from '../cluster/credential-sync.ts';
import type { ClusterContext } from '../cluster/cluster-context.ts';
import { openGuard, type Lockouts } from './throttling.ts';
import { grantedAccess } from '../../pipeline/auth/token-rights.ts';

/** The tokens, which follow their files. */
interface FollowedTokens {
  readonly tokens: Tokens;
  readonly challenge: Challenge;
  /** Undefined where guessing has no consequences. */
  readonly lockouts: Lockouts | undefined;
  check(): Promise<void>;
  close(): Promise<void>;
}

interface FollowTokensOptions {
  readonly directory: UserDirectory;
  readonly policy: () => Policy;
  readonly logger: Logger;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  readonly cluster: ClusterContext;
  readonly audit: Pick<Audit, 'noteReload' | 'noteToken'> | undefined;
  /** Called with each host that clients are sent to for a token. */
  readonly onRealm: (host: string) => void;
}

/** Opens the tokens and follows their files. */
export async function followTokens(
  config: Pick<Config, 'abuse' | 'auth' | 'reloadMs' | 'state'>,
  { directory, policy, logger, now, clock, cluster, audit, onRealm }: FollowTokensOptions,
): Promise<FollowedTokens> {
  const { state, auth, reloadMs } = config;
  const sync = syncCredentials(cluster);
  const passwords = createAuthenticator({
    directory,
    now,
    cacheTtlMs: auth.cacheSeconds * 1000,
    ...sync.passwords,
  });
  const guarded = await openGuard({ config, cluster, logger, directory });
  const opening = openTokens({
    state,
    directory,
    service: auth.service,
    realm: auth.realm,
    lifetimeSeconds: auth.tokenSeconds,
    identityTokens: auth.identityTokens,
    passwords,
    others: sync.tokens,
    guard: guarded.guard,
    grants: (principal, asked, address) => grantedAccess(policy(), principal, asked, address),
    anonymous: () => hasAnonymousRules(policy()),
    logger,
    now: clock,
    onDamage: (error) => audit?.noteReload('tokens', error),
  });
  const tokens: Tokens = await opening.catch(async (error: unknown) => {
    await guarded.close();
    throw error;
  });
  sync.follow(passwords, tokens);
  const watcher = await watchTokens(tokens, reloadMs, audit);
  return {
    tokens,
    lockouts: guarded.lockouts,
    challenge: createChallenge({ ...auth, kind: auth.challenge, policy, onRealm }),
    check: () => watcher.check(),
    close: async () => {
      watcher.close();
      await tokens.close();
      await guarded.close();
    },
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
  // The files may have changed between opening and watching.
  await onChange();
  return watcher;
}

/**
 * Reports the tokens that commands have made or revoked, by comparing the tokens before and after. A new identity token is
 * not reported: a client asked the gate for it.
 */
function followTokenChanges(
  alive: () => readonly NamedToken[],
  tell: (token: NamedToken, what: 'made' | 'revoked') => void,
): { look(): void } {
  const listed = (): ReadonlyMap<string, NamedToken> => new Map(alive().map((token) => [token.id, token]));
  let known = listed();
  return {
    look: () => {
      const now = listed();
      for (const token of known.values()) if (!now.has(token.id) && !token.hasEnded()) tell(token, 'revoked');
      for (const token of now.values()) if (!known.has(token.id) && token.isMachine) tell(token, 'made');
      known = now;
    },
  };
}
