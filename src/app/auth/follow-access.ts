import type { Config } from '../../config/schema/schema.ts';
import type { Logger } from '../../lib/logger.ts';
import { followFile, loadFile, type LoadedFile } from '../../lib/files/followed-file.ts';
import type { KnownNames } from '../../auth/policy/compile.ts';
import { OPEN_POLICY } from '../../auth/policy/policy.ts';
import type { Audit } from '../observe/audit.ts';
import { loadAccess, type LoadedAccess } from './access.ts';

/** The rules in force, which follow their file. */
interface FollowedAccess {
  /** Called for every request, so that a right that is removed ends with the next one. */
  readonly current: () => Pick<LoadedAccess, 'policy'>;
  check(): Promise<void>;
  close(): void;
}

/** Opens the rules and follows their file. Without a file every user who has signed in may do everything. */
export async function followAccess(
  { access: path, reloadMs }: Pick<Config, 'access' | 'reloadMs'>,
  known: () => KnownNames,
  logger: Logger,
  audit: Pick<Audit, 'noteReload'> | undefined,
): Promise<FollowedAccess> {
  if (path === undefined) {
    const { current } = await loadFile(async () => ({ policy: OPEN_POLICY }));
    return { current, check: async () => undefined, close: () => undefined };
  }
  const { current, check, close } = await followFile({
    paths: [path],
    intervalMs: reloadMs,
    open: () => openAccess(path, known),
    logger,
    messages: {
      reloaded: 'access rules reloaded',
      refused: 'access rules not reloaded, the ones before stay in force',
    },
    describe: ({ rules, warnings }) => ({ rules, warnings }),
    onReload: (result) => audit?.noteReload('access', result.ok ? undefined : result.error),
  });
  for (const warning of current().warnings) logger.warn({ warning }, 'access rules');
  return { current, check, close };
}

/**
 * Opens the rules of a file for a server. `known` gives the users and tokens of the moment. Throws AppError
 * FILE_UNREADABLE or ACCESS_INVALID; at a reload such a file leaves the rules as they are.
 */
export function openAccess(path: string, known: () => KnownNames): Promise<LoadedFile<LoadedAccess>> {
  return loadFile(() => loadAccess(path, known()));
}
