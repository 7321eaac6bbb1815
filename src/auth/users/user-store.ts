import { setTimeout as pause } from 'node:timers/promises';
import { AppError } from '../../lib/errors.ts';
import type { UserEntry } from './htpasswd-entry.ts';
import { entriesOf } from './htpasswd-file.ts';
import { missingUsers, readUsersFile } from './users-file.ts';
import type { UsersFile, UserWarning } from './users-file.ts';

/** The users of a file at one moment; never changes. */
export interface Users {
  readonly byName: ReadonlyMap<string, UserEntry>;
  /** The same entries, those that cost alike side by side: where a stranger's stand-in is taken from. */
  readonly byCost: readonly UserEntry[];
}

export type ReloadResult =
  | { readonly ok: true; readonly users: number; readonly warnings: readonly UserWarning[] }
  /** The set before it stays in force. */
  | { readonly ok: false; readonly error: AppError };

export interface UserStore {
  readonly path: string;
  /** What was found when the set in force was loaded. */
  readonly warnings: readonly UserWarning[];
  current(): Users;
  /** Loads the file again. Never rejects. Two calls at once share one load that starts after both. */
  reload(): Promise<ReloadResult>;
}

export interface UserStoreOptions {
  readonly path: string;
  /** How long a file that has become empty is given to fill again, in milliseconds: programs that rewrite in place empty it first. */
  readonly settleMs?: number;
}

/**
 * Opens the users for a server. Throws AppError HTPASSWD_MISSING for a file that is absent, unreadable or without a
 * user, HTPASSWD_INVALID for one with a bad line. Later, a file that is bad or gone leaves the users as they are; one
 * that is in order and names nobody lets nobody in.
 */
export async function openUserStore({ path, settleMs = 250 }: UserStoreOptions): Promise<UserStore> {
  const first = await readUsersFile(path);
  if (entriesOf(first.document).length === 0) throw missingUsers(path, 'names no user');
  let users = createUsers(entriesOf(first.document));
  let warnings = first.warnings;
  let running: Promise<unknown> = Promise.resolve();
  let waiting: Promise<ReloadResult> | undefined;

  const load = async (): Promise<ReloadResult> => {
    waiting = undefined;
    try {
      const file = await readSettled(path, settleMs);
      const entries = entriesOf(file.document);
      users = createUsers(entries);
      warnings =
        entries.length > 0 ? file.warnings : [{ reason: `${path} names no user: nobody can sign in` }];
      return { ok: true, users: entries.length, warnings };
    } catch (error) {
      return {
        ok: false,
        error: error instanceof AppError ? error : missingUsers(path, String(error), error),
      };
    }
  };

  return {
    path,
    get warnings() {
      return warnings;
    },
    current: () => users,
    reload: () => {
      waiting ??= running.then(load);
      running = waiting;
      return waiting;
    },
  };
}

/** A set of users for entries with different names. */
export function createUsers(entries: readonly UserEntry[]): Users {
  const byCost = new Map<string, UserEntry[]>();
  for (const entry of entries) {
    const key = `${entry.hash.scheme} ${entry.hash.cost}`;
    const group = byCost.get(key);
    if (group === undefined) byCost.set(key, [entry]);
    else group.push(entry);
  }
  const groups = [...byCost].sort(([one], [other]) => (one < other ? -1 : 1));
  return {
    byName: new Map(entries.map((entry) => [entry.name, entry])),
    byCost: groups.flatMap(([, group]) => group),
  };
}

async function readSettled(path: string, settleMs: number): Promise<UsersFile> {
  const file = await readUsersFile(path);
  if (file.document.lines.length > 0) return file;
  await pause(settleMs);
  return readUsersFile(path);
}
