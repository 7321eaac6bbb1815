import type { Config } from '../../config/schema/schema.ts';
import type { Logger } from '../../lib/logger.ts';
import { watchFiles } from '../../lib/files/watch-file.ts';
import type { UserDirectory } from '../../auth/directory.ts';
import { openSessions } from '../../auth/sessions/open-sessions.ts';
import type { Sessions } from '../../auth/sessions/sessions.ts';
import type { Tokens } from '../../auth/tokens/open-tokens.ts';
import { syncSessions } from '../cluster/credential-sync.ts';
import type { ClusterContext } from '../cluster/cluster-context.ts';

/** The sessions of browsers, which follow their file: a command may end one. */
interface FollowedSessions {
  readonly sessions: Sessions;
  check(): Promise<void>;
  close(): Promise<void>;
}

interface FollowSessionsOptions {
  readonly directory: UserDirectory;
  readonly tokens: Pick<Tokens, 'keys'>;
  readonly logger: Logger;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  readonly cluster: ClusterContext;
}

/** Opens the sessions and follows their file. Throws AppError STATE_INVALID, FILE_UNREADABLE. */
export async function followSessions(
  { state, reloadMs }: Pick<Config, 'state' | 'reloadMs'>,
  { directory, tokens: { keys }, logger, clock, cluster }: FollowSessionsOptions,
): Promise<FollowedSessions> {
  const sync = syncSessions(cluster);
  const sessions = await openSessions({ state, keys, directory, logger, now: clock, others: sync.others });
  sync.follow(sessions);
  const watcher = await watchFiles({
    paths: sessions.paths,
    intervalMs: reloadMs,
    onChange: sessions.reload,
  });
  // The file may have changed between opening and watching.
  await sessions.reload();
  return {
    sessions,
    check: () => watcher.check(),
    close: async () => {
      watcher.close();
      await sessions.close();
    },
  };
}
