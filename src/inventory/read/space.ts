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
  const where = query.isFiltered ? 'WHERE is_visible(id)' : '';
  const cursor = parseCursor(query.after);
  const from = cursor === undefined ? 0 : Math.max(0, Number(cursor.value) || 0);
  const limit = Math.min(Math.max(Math.trunc(query.limit), 1), 1000);
  const found = database.all<SpaceRow>(
    `SELECT id, name, size, alone FROM repository ${where} ORDER BY size DESC, name LIMIT ? OFFSET ?`,
    limit,
    from,
  );
  const sums = database.get<{ count: number; alone: number }>(
    `SELECT count(*) AS count, total(alone) AS alone FROM repository ${where}`,
  );
  const rows = found.map(({ id, name, size, alone }) => ({
    name,
    size,
    alone: alone + (all.more.get(id) ?? 0),
  }));
  const end = from + rows.length;
  const total = sums?.count ?? 0;
  const more = [...all.more.values()].reduce((sum, bytes) => sum + bytes, 0);
  return {
    rows,
    next: end < total ? renderCursor({ value: end, name: '' }) : undefined,
    total,
    size: (sums?.alone ?? 0) + more + all.shared,
    shared: all.shared,
  };
}

interface AllSpace {
  /** By the id of a repository: bytes that it needs alone of what may be seen, beside its `alone`. */
  readonly more: ReadonlyMap<number, number>;
  /** Bytes that several repositories need. */
  readonly shared: number;
}

function wholeSpace(database: Database): AllSpace {
  const sum = database.get<{ bytes: number }>('SELECT total(size) AS bytes FROM blob WHERE repositories > 1');
  return { more: new Map(), shared: sum?.bytes ?? 0 };
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
  return { more, shared };
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
