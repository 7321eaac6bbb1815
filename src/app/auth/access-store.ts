import { AppError } from '../../lib/errors.ts';
import type { KnownNames } from '../../auth/policy/compile.ts';
import type { Policy } from '../../auth/policy/policy.ts';
import { loadAccess } from './access.ts';
import type { LoadedAccess } from './access.ts';

/** What a reload of the rules came to. */
export type AccessReload =
  | { readonly ok: true; readonly access: LoadedAccess }
  /** The rules before stay in force. */
  | { readonly ok: false; readonly error: AppError };

export interface AccessStore {
  readonly path: string;
  /** What was found without effect when the rules in force were loaded. */
  readonly warnings: readonly string[];
  /** The rules in force. Asked anew for every request, so that a right that is taken away is gone with the next one. */
  current(): Policy;
  /** Loads the file again. Never rejects. Two calls at once share one load that starts after both. */
  reload(): Promise<AccessReload>;
}

export interface AccessStoreOptions {
  readonly path: string;
  /** The users and tokens of this moment. */
  readonly known: () => KnownNames;
}

/**
 * Opens the rules for a server. Throws AppError FILE_UNREADABLE or ACCESS_INVALID for a file that can't be used; later such
 * a file, or one that has gone, leaves the rules as they are.
 */
export async function openAccessStore({ path, known }: AccessStoreOptions): Promise<AccessStore> {
  let access = await loadAccess(path, known());
  let running: Promise<unknown> = Promise.resolve();
  let waiting: Promise<AccessReload> | undefined;

  const load = async (): Promise<AccessReload> => {
    waiting = undefined;
    try {
      access = await loadAccess(path, known());
      return { ok: true, access };
    } catch (error) {
      return { ok: false, error: error instanceof AppError ? error : unexpected(path, error) };
    }
  };

  return {
    path,
    get warnings() {
      return access.warnings;
    },
    current: () => access.policy,
    reload: () => {
      waiting ??= running.then(load);
      running = waiting;
      return waiting;
    },
  };
}

function unexpected(path: string, cause: unknown): AppError {
  return new AppError('ACCESS_INVALID', { message: `${path} can't be used (${String(cause)}).`, cause });
}
