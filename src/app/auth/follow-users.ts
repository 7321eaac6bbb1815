import type { Config } from '../../config/schema/schema.ts';
import { followFile, type FollowedFile } from '../../lib/files/followed-file.ts';
import type { Logger } from '../../lib/logger.ts';
import type { Weakness } from '../../auth/passwords/weakness.ts';
import type { UserDirectory } from '../../auth/directory.ts';
import type { HashPool } from '../../auth/passwords/hash-pool.ts';
import type { KnownNames } from '../../auth/policy/compile.ts';
import { createHtpasswdDirectory } from '../../auth/users/htpasswd-directory.ts';
import { openUserStore, type LoadedUsers } from '../../auth/users/user-store.ts';
import { sharedKey, type ClusterContext } from '../cluster/cluster-context.ts';
import type { Audit } from '../observe/audit.ts';

/** The directory of the users. Here alone is known which kind it is. */
interface FollowedUsers extends Pick<FollowedFile<unknown>, 'check' | 'close'> {
  readonly directory: UserDirectory;
  /** The names that the access rules may use. */
  known(): KnownNames;
  /** The users in the order of the file, and how their passwords are stored. */
  list(): readonly ListedUser[];
  /** Calls a function after each change of the users. */
  onChange(changed: () => void): void;
}

/** A user, without the hash. */
interface ListedUser {
  readonly name: string;
  /** `bcrypt`, `apr1`. */
  readonly scheme: string;
  /** Why the hash should be replaced; undefined for a strong one. */
  readonly weakness: Weakness | undefined;
}

interface FollowUsersOptions {
  readonly pool: Pick<HashPool, 'verify'>;
  readonly cluster: ClusterContext;
  readonly logger: Logger;
  readonly audit: Pick<Audit, 'noteReload'> | undefined;
}

const CUT =
  'the password is longer than 72 bytes, of which bcrypt looks at the first 72 alone: registry-gate users passwd';

/** Opens the htpasswd file of the users and follows it. Throws AppError HTPASSWD_MISSING or HTPASSWD_INVALID. */
export async function followUsers(
  { users: path, reloadMs }: Pick<Config, 'users' | 'reloadMs'>,
  { pool, cluster, logger, audit }: FollowUsersOptions,
): Promise<FollowedUsers> {
  let changed = (): void => undefined;
  const store = await followFile({
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
      if (!result.ok) return;
      warnOf(result.value, logger);
      changed();
    },
  });
  warnOf(store.current(), logger);
  const directory = createHtpasswdDirectory({
    store,
    pool,
    key: sharedKey(cluster, 'credentials', 32),
    onCut: (user) => logger.warn({ user, warning: CUT }, 'users'),
  });
  const { check, close } = store;
  return {
    directory,
    known: () => ({ users: store.current().byName }),
    list: () =>
      [...store.current().byName.values()].map(({ name, hash: { scheme, weakness } }) => ({
        name,
        scheme,
        weakness,
      })),
    onChange: (given) => (changed = given),
    check,
    close,
  };
}

function warnOf({ warnings }: LoadedUsers, logger: Logger): void {
  for (const { user, users, reason } of warnings) logger.warn({ user, users, warning: reason }, 'users');
}
