import { setTimeout as pause } from 'node:timers/promises';
import { loadFile, type LoadedFile } from '../../lib/files/followed-file.ts';
import type { UserEntry } from './htpasswd-entry.ts';
import { entriesOf } from './htpasswd-file.ts';
import { missingUsers, readUsersFile, type UsersFile, type UserWarning } from './users-file.ts';

/** The users of a file at one moment. It never changes. */
export interface Users {
  readonly byName: ReadonlyMap<string, UserEntry>;
  /** The same entries, grouped by the cost of their hashes. The stand-ins of unknown names are taken from here. */
  readonly byCost: readonly UserEntry[];
}

/** The users of a file, and the warnings about it. */
export interface LoadedUsers extends Users {
  readonly warnings: readonly UserWarning[];
}

export type UserStore = LoadedFile<LoadedUsers>;

interface UserStoreOptions {
  readonly path: string;
  /** How long to wait for an empty file to be written, in milliseconds: programs that rewrite a file in place empty it first. */
  readonly settleMs?: number;
}

/**
 * Opens the users for a server. Throws AppError HTPASSWD_MISSING for a file that is absent, unreadable or without a
 * user, HTPASSWD_INVALID for one with a bad line. At a reload, a bad or missing file leaves the users as they are; a valid
 * file without users removes them all.
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

/** Indexes entries with different names. */
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
