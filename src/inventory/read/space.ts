import type { Database } from '../database/database.ts';
import type {
  PageQuery,
  RepositorySpace,
  Space,
  SpaceOfRepository,
  SpaceQuery,
  TagSpace,
} from '../inventory.ts';
import { parseCursor, renderCursor } from './cursor.ts';
import { readPage } from './page.ts';

/** A query whose `visible` is a function of SQL by now, `is_visible(id)`, or undefined. */
export type PlainSpaceQuery = Omit<SpaceQuery, 'visible'> & { readonly isFiltered: boolean };

interface SpaceRow extends RepositorySpace {
  readonly id: number;
}

/** What repositories take, the largest first. */
export function readSpace(database: Database, query: PlainSpaceQuery): Space {
  const all = query.isFiltered ? visibleSpace(database) : wholeSpace(database);
  const cursor = parseCursor(query.after);
  const from = cursor === undefined ? 0 : Math.max(0, Number(cursor.value) || 0);
  const limit = Math.min(Math.max(Math.trunc(query.limit), 1), 1000);
  const sorted = all.rows.toSorted((a, b) => b.size - a.size || (a.name < b.name ? -1 : 1));
  const rows = sorted.slice(from, from + limit).map(({ name, size, alone }) => ({ name, size, alone }));
  const end = from + rows.length;
  const alone = all.rows.reduce((sum, row) => sum + row.alone, 0);
  return {
    rows,
    next: end < sorted.length ? renderCursor({ value: end, name: '' }) : undefined,
    total: sorted.length,
    size: alone + all.shared,
    shared: all.shared,
  };
}

interface AllSpace {
  readonly rows: readonly SpaceRow[];
  readonly shared: number;
}

function wholeSpace(database: Database): AllSpace {
  const rows = database.all<SpaceRow>('SELECT id, name, size, alone FROM repository');
  const sum = database.get<{ bytes: number }>('SELECT total(size) AS bytes FROM blob WHERE repositories > 1');
  return { rows, shared: sum?.bytes ?? 0 };
}

interface SharedBlob {
  readonly size: number;
  /** How many visible repositories need it. */
  readonly count: number;
  /** The only one, if it is one. */
  readonly repository: number;
}

/**
 * The same of the visible repositories alone: a blob that others need too, which nobody may know of, counts as theirs
 * alone. Only blobs of several repositories are looked at: the others are in `alone` of their repository.
 */
function visibleSpace(database: Database): AllSpace {
  const rows = database.all<SpaceRow>('SELECT id, name, size, alone FROM repository WHERE is_visible(id)');
  const more = new Map<number, number>();
  let shared = 0;
  const blobs = database.all<SharedBlob>(
    `SELECT b.size, count(*) AS count, max(h.repository) AS repository
     FROM blob b JOIN held h ON h.blob = b.id
     WHERE b.repositories > 1 AND is_visible(h.repository) GROUP BY b.id`,
  );
  for (const { size, count, repository } of blobs) {
    if (count > 1) shared += size;
    else more.set(repository, (more.get(repository) ?? 0) + size);
  }
  return { rows: rows.map((row) => ({ ...row, alone: row.alone + (more.get(row.id) ?? 0) })), shared };
}

/** What the tags of a repository take, first those that need the most alone. */
export function readSpaceOf(database: Database, repository: string, query: PageQuery): SpaceOfRepository {
  const { rows, next, total } = readPage<{ alone: number; total: number }>(database, {
    columns: 't.alone, coalesce(m.total, 0) AS total',
    from: 'tag t LEFT JOIN manifest m ON m.id = t.manifest',
    where: [{ sql: 't.repository = (SELECT id FROM repository WHERE name = ?)', values: [repository] }],
    value: 't.alone',
    name: 't.name',
    descending: true,
    ...query,
    after: query.after,
  });
  const sums = database.get<{ size: number; alone: number }>(
    `SELECT r.size, (SELECT total(alone) FROM tag WHERE repository = r.id) AS alone
     FROM repository r WHERE r.name = ?`,
    repository,
  );
  const size = sums?.size ?? 0;
  const tags = rows.map(({ name, alone, total: whole }): TagSpace => ({ tag: name, alone, total: whole }));
  return { rows: tags, next, total, size, shared: size - (sums?.alone ?? 0) };
}
