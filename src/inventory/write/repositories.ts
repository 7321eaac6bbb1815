import type { Database } from '../database/database.ts';
import { releaseAll } from './holdings.ts';

export function findRepository(database: Database, name: string): number | undefined {
  return database.get<{ id: number }>('SELECT id FROM repository WHERE name = ?', name)?.id;
}

/** Returns the id of a repository, which is new if it was not known. */
export function ensureRepository(database: Database, name: string): number {
  const known = findRepository(database, name);
  if (known !== undefined) return known;
  noteNames(database);
  return database.run('INSERT INTO repository (name) VALUES (?)', name);
}

/** Forgets a repository with all its tags. */
export function dropRepository(database: Database, id: number): void {
  releaseAll(database, id);
  database.run('DELETE FROM tag WHERE repository = ?', id);
  database.run('DELETE FROM manifest WHERE repository = ?', id);
  database.run('DELETE FROM untagged WHERE repository = ?', id);
  database.run('DELETE FROM repository WHERE id = ?', id);
  noteNames(database);
}

/** Notes that all tags of a repository have been listed. */
export function noteListed(database: Database, id: number, at: number): void {
  database.run('UPDATE repository SET listed = ? WHERE id = ?', at, id);
}

/** Readers keep the list of names until this number changes. */
function noteNames(database: Database): void {
  database.run("UPDATE meta SET value = value + 1 WHERE name = 'names'");
}
