import type { Database } from '../database/database.ts';
import type { FolderRow, RepositoriesPage, RepositoriesQuery, RepositoryRow } from '../inventory.ts';
import { dateOf, readPage, type Condition } from './page.ts';

/** A query whose `visible` is a function of SQL by now, `is_visible(id)`, or undefined. */
export type PlainRepositoriesQuery = Omit<RepositoriesQuery, 'visible'> & { readonly isFiltered: boolean };

interface Columns {
  readonly name: string;
  readonly tags: number;
  readonly size: number;
  readonly pushed: number | null;
  readonly pushed_by: string | null;
  readonly complete: number;
}

const COLUMNS = `r.tags, r.size, r.pushed, r.pushed_by,
  r.listed IS NOT NULL AND NOT EXISTS (SELECT 1 FROM tag t WHERE t.repository = r.id AND t.due IS NOT NULL) AS complete`;

const VALUES: Readonly<Record<RepositoriesQuery['sort'], string>> = {
  name: 'r.name',
  pushed: 'coalesce(r.pushed, 0)',
  size: 'r.size',
  tags: 'r.tags',
};

const MOST_FOLDERS = 1000;

export function readRepositories(database: Database, query: PlainRepositoriesQuery): RepositoriesPage {
  const { folder = '', search = '', sort, descending, after, limit, isFiltered } = query;
  const deep = query.deep ?? search !== '';
  const inside = insideOf(folder, isFiltered);
  const page = readPage<Columns>(database, {
    columns: COLUMNS,
    from: 'repository r',
    where: [...inside, ...(deep ? [] : [rightIn(folder)]), ...holds('r.name', search)],
    value: VALUES[sort],
    name: 'r.name',
    descending,
    after,
    limit,
  });
  const folders = deep ? [] : readFolders(database, folder, inside);
  return { ...page, rows: page.rows.map(rowOf), folders };
}

export function readRepository(database: Database, name: string): RepositoryRow | undefined {
  const found = database.get<Columns>(`SELECT r.name, ${COLUMNS} FROM repository r WHERE r.name = ?`, name);
  return found && rowOf(found);
}

function rowOf({ name, tags, size, pushed, pushed_by, complete }: Columns): RepositoryRow {
  return {
    name,
    tags,
    size,
    pushed: dateOf(pushed),
    pushedBy: pushed_by ?? undefined,
    complete: complete === 1,
  };
}

function insideOf(folder: string, isFiltered: boolean): readonly Condition[] {
  const visible = isFiltered ? [{ sql: 'is_visible(r.id)', values: [] }] : [];
  // `0` follows `/`: a range of the index.
  if (folder === '') return visible;
  return [{ sql: 'r.name > ? AND r.name < ?', values: [`${folder}/`, `${folder}0`] }, ...visible];
}

function rightIn(folder: string): Condition {
  return { sql: "instr(substr(r.name, ?), '/') = 0", values: [restFrom(folder)] };
}

/** Where the rest of a name begins in the folder, from 1. */
function restFrom(folder: string): number {
  return folder === '' ? 1 : folder.length + 2;
}

export function holds(column: string, search: string): readonly Condition[] {
  return search === '' ? [] : [{ sql: `instr(lower(${column}), ?) > 0`, values: [search.toLowerCase()] }];
}

function readFolders(database: Database, folder: string, inside: readonly Condition[]): readonly FolderRow[] {
  const from = restFrom(folder);
  const where = [...inside, { sql: "instr(substr(r.name, ?), '/') > 0", values: [from] }];
  const found = database.all<{ folder: string; repositories: number; pushed: number | null }>(
    `SELECT substr(r.name, 1, ? + instr(substr(r.name, ?), '/') - 2) AS folder,
            count(*) AS repositories, max(r.pushed) AS pushed
     FROM repository r WHERE ${where.map(({ sql }) => `(${sql})`).join(' AND ')}
     GROUP BY 1 ORDER BY 1 LIMIT ${MOST_FOLDERS}`,
    from,
    from,
    ...where.flatMap(({ values }) => values),
  );
  return found.map((row) => ({ ...row, pushed: dateOf(row.pushed) }));
}
