import type { Config } from '../../config/schema/schema.ts';
import { followFile } from '../../lib/files/followed-file.ts';
import type { FollowedFile } from '../../lib/files/followed-file.ts';
import type { Logger } from '../../lib/logger.ts';
import { openUserStore } from '../../auth/users/user-store.ts';
import type { LoadedUsers } from '../../auth/users/user-store.ts';
import type { Audit } from '../observe/audit.ts';

/** Opens the users and follows their file. Throws AppError HTPASSWD_MISSING or HTPASSWD_INVALID. */
export async function followUsers(
  { users: path, reloadMs }: Pick<Config, 'users' | 'reloadMs'>,
  logger: Logger,
  audit: Pick<Audit, 'noteReload'> | undefined,
): Promise<FollowedFile<LoadedUsers>> {
  const users = await followFile({
    paths: [path],
    intervalMs: reloadMs,
    open: () => openUserStore({ path }),
    logger,
    messages: {
      reloaded: 'users reloaded',
      refused: 'users not reloaded, the ones before stay in force',
    },
    describe: ({ byCost }) => ({ users: byCost.length }),
    onReload: (result) => {
      audit?.noteReload('users', result.ok ? undefined : result.error);
      if (result.ok) warnOf(result.value, logger);
    },
  });
  warnOf(users.current(), logger);
  return users;
}

function warnOf({ warnings }: LoadedUsers, logger: Logger): void {
  for (const { user, users, reason } of warnings) logger.warn({ user, users, warning: reason }, 'users');
}
