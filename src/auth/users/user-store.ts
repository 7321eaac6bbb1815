import { setTimeout as pause } from 'node:timers/promises';
import { loadFile } from '../../lib/files/followed-file.ts';
import type { LoadedFile } from '../../lib/files/followed-file.ts';
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

/** The users of a file, and what was found when they were loaded. */
export interface LoadedUsers extends Users {
  readonly warnings: readonly UserWarning[];
}

export type UserStore = LoadedFile<LoadedUsers>;

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
export function openUserStore({ path, settleMs = 250 }: UserStoreOptions): Promise<UserStore> {
  return loadFile(async (before) => {
    const { document, warnings } = await (before === undefined
      ? readUsersFile(path)
      : readSettled(path, settleMs));
    const entries = entriesOf(document);
    if (entries.length > 0) return { ...createUsers(entries), warnings };
    if (before === undefined) throw missingUsers(path, 'names no user');
    return { ...createUsers([]), warnings: [{ reason: `${path} names no user: nobody can sign in` }] };
  });
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
