import type { Database } from '../database/database.ts';
import { MOST_BYTES } from '../database/schema.ts';
import type { InventoryStatus } from '../inventory.ts';
import { dateOf } from './page.ts';

/** What is told where there is no file. */
export const ABSENT: InventoryStatus = {
  state: 'absent',
  repositories: 0,
  tags: 0,
  walkedAt: undefined,
  problem: undefined,
  bytes: 0,
  isFull: false,
};

export function readStatus(database: Database): InventoryStatus {
  const counts = database.get<{ repositories: number; tags: number }>(
    'SELECT count(*) AS repositories, total(tags) AS tags FROM repository',
  );
  const walkedAt = readMeta(database, 'walked');
  const problem = readMeta(database, 'problem');
  const bytes = bytesOf(database);
  return {
    state: walkedAt === undefined ? 'building' : 'current',
    repositories: counts?.repositories ?? 0,
    tags: counts?.tags ?? 0,
    walkedAt: dateOf(walkedAt === undefined ? null : Number(walkedAt)),
    problem: problem === undefined ? undefined : String(problem),
    bytes,
    isFull: bytes >= MOST_BYTES,
  };
}

/** A value of the file, undefined if it has none. */
export function readMeta(database: Database, name: string): string | number | undefined {
  const found = database.get<{ value: string | number | null }>(
    'SELECT value FROM meta WHERE name = ?',
    name,
  );
  return found?.value ?? undefined;
}

/** The bytes of the file, without its log and what is free in it. */
export function bytesOf(database: Database): number {
  const pages = database.get<{ page_count: number }>('PRAGMA page_count')?.page_count ?? 0;
  const free = database.get<{ freelist_count: number }>('PRAGMA freelist_count')?.freelist_count ?? 0;
  const size = database.get<{ page_size: number }>('PRAGMA page_size')?.page_size ?? 0;
  return (pages - free) * size;
}

/** The names of all repositories, with their ids, as of a number that changes with them. */
export interface Names {
  readonly version: string;
  readonly ids: Uint32Array;
  readonly names: readonly string[];
}

/** Reads the names of all repositories. Undefined if they are still those of this version. */
export function readNames(database: Database, epoch: string, version: string | undefined): Names | undefined {
  const current = `${epoch}.${readMeta(database, 'names')}`;
  if (current === version) return undefined;
  const rows = database.all<{ id: number; name: string }>(
    // The last id is the highest: in the order of an index it would be that of the last name.
    'SELECT id, name FROM repository ORDER BY id',
  );
  return {
    version: current,
    ids: Uint32Array.from(rows, ({ id }) => id),
    names: rows.map(({ name }) => name),
  };
}
