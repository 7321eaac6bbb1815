import type { Database } from '../database/database.ts';
import { dropRepository, ensureRepository } from '../write/repositories.ts';
import type { Follower } from './follower.ts';

const MOST_REPOSITORIES = 100_000;
const AT_ONCE = 500;

/**
 * Adds the names of the catalog to those that are to be read. `isFirst`: they are shown before their tags have been read.
 * Throws AppError if the registry does not answer, or has no catalog.
 */
export async function readNames({ registry, database }: Follower, isFirst: boolean): Promise<void> {
  let count = 0;
  let names: string[] = [];
  const keep = (): void => {
    database().transaction(() => addNames(database(), names, isFirst));
    names = [];
  };
  for await (const name of registry.listRepositories()) {
    names.push(name);
    count += 1;
    if (names.length === AT_ONCE) keep();
    if (count === MOST_REPOSITORIES) break;
  }
  keep();
}

function addNames(database: Database, names: readonly string[], isFirst: boolean): void {
  for (const name of names) {
    database.run('INSERT OR IGNORE INTO walk VALUES (?)', name);
    if (isFirst) ensureRepository(database, name);
  }
}

/** Shows what is to be read before its tags have been read. */
export function addRepositories(database: Database): void {
  for (const { name } of database.all<{ name: string }>('SELECT name FROM walk'))
    ensureRepository(database, name);
}

/** What the catalog does not list is gone, unless it was pushed meanwhile. */
export function dropUnlisted(database: Database, began: number): void {
  const gone = database.all<{ id: number }>(
    'SELECT id FROM repository WHERE coalesce(pushed, 0) < ? AND name NOT IN (SELECT name FROM walk)',
    began,
  );
  for (const { id } of gone) database.transaction(() => dropRepository(database, id));
}

/** Whether the registry has no catalog, or keeps it from the gate. */
export function isRefused(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && error.code === 'REGISTRY_REFUSED';
}
