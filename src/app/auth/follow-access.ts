import type { Config } from '../../config/schema/schema.ts';
import type { Logger } from '../../lib/logger.ts';
import { sayDetached } from '../../lib/files/detached.ts';
import { watchFiles } from '../../lib/files/watch-file.ts';
import type { KnownNames } from '../../auth/policy/compile.ts';
import { OPEN_POLICY } from '../../auth/policy/policy.ts';
import type { Policy } from '../../auth/policy/policy.ts';
import type { UserStore } from '../../auth/users/user-store.ts';
import type { Audit } from '../observe/audit.ts';
import { openAccessStore } from './access-store.ts';
import type { AccessStore } from './access-store.ts';

/** The rules in force, following their file. */
export interface FollowedAccess {
  policy(): Policy;
  /** Look at the file now. */
  check(): Promise<void>;
  close(): void;
}

const NO_FILE: FollowedAccess = {
  policy: () => OPEN_POLICY,
  check: async () => undefined,
  close: () => undefined,
};

/** Opens the rules and follows their file; without one everybody who has signed in may do everything. */
export async function followAccess(
  { access: path, reloadMs }: Pick<Config, 'access' | 'reloadMs'>,
  users: Pick<UserStore, 'current'>,
  logger: Logger,
  audit: Pick<Audit, 'noteReload'> | undefined,
): Promise<FollowedAccess> {
  if (path === undefined) return NO_FILE;
  let store: AccessStore | undefined;
  const reload = async (): Promise<unknown> => {
    const result = await store?.reload();
    if (result === undefined) return undefined;
    audit?.noteReload('access', result.ok ? undefined : result.error);
    if (result.ok)
      logger.info({ rules: result.access.rules, warnings: result.access.warnings }, 'access rules reloaded');
    else
      logger.error(
        { reason: result.error.message },
        'access rules not reloaded, the ones before stay in force',
      );
    return result.ok ? undefined : result.error;
  };
  const watcher = await watchFiles({
    paths: [path],
    intervalMs: reloadMs,
    onChange: reload,
    onDetached: sayDetached(logger),
  });
  const known = (): KnownNames => ({ users: users.current().byName });
  try {
    store = await openAccessStore({ path, known });
  } catch (error) {
    watcher.close();
    throw error;
  }
  for (const warning of store.warnings) logger.warn({ warning }, 'access rules');
  const opened = store;
  return { policy: () => opened.current(), check: () => watcher.check(), close: () => watcher.close() };
}
