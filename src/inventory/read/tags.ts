import type { Database } from '../database/database.ts';
import { unpackDigest } from '../database/packed.ts';
import type { Page, TagRow, TagsQuery } from '../inventory.ts';
import { dateOf, readPage, type Condition } from './page.ts';
import { holds } from './repositories.ts';

interface Columns {
  readonly name: string;
  readonly alone: number;
  readonly pushed: number | null;
  readonly pushed_by: string | null;
  readonly pulled: number | null;
  readonly digest: Uint8Array | null;
  readonly media_type: string | null;
  readonly artifact_type: string | null;
  readonly platforms: string | null;
  readonly size: number | null;
  readonly total: number | null;
  readonly created: number | null;
  readonly problem: string | null;
}

const COLUMNS = `t.alone, t.pushed, t.pushed_by, t.pulled,
  m.digest, m.media_type, m.artifact_type, m.platforms, m.size, m.total, m.created, m.problem`;

const VALUES: Readonly<Record<TagsQuery['sort'], string>> = {
  version: 't.rank',
  name: 't.name',
  pushed: 'coalesce(t.pushed, m.created, 0)',
  size: 'coalesce(m.size, -1)',
};

export function readTags(database: Database, query: TagsQuery): Page<TagRow> {
  const { repository, sort, descending, search = '', of, after, limit } = query;
  const isVersion = sort === 'version';
  const page = readPage<Columns>(database, {
    columns: COLUMNS,
    from: 'tag t LEFT JOIN manifest m ON m.id = t.manifest',
    where: [
      { sql: 't.repository = (SELECT id FROM repository WHERE name = ?)', values: [repository] },
      ...holds('t.name', search),
      ...kindOf(of),
    ],
    value: VALUES[sort],
    name: 't.name',
    // The rank of the newest is the lowest.
    descending: isVersion ? !descending : descending,
    isBytes: isVersion,
    after,
    limit,
  });
  return { ...page, rows: page.rows.map(rowOf) };
}

/** As images/tags/referrer-tags.ts knows them, near enough: who gives a tag such a name finds it among these. */
const IS_REFERRER = "(substr(t.name, 1, 7) IN ('sha256-', 'sha512-') AND length(t.name) >= 71)";

function kindOf(of: TagsQuery['of']): readonly Condition[] {
  if (of === undefined) return [];
  return [{ sql: of === 'referrers' ? IS_REFERRER : `NOT ${IS_REFERRER}`, values: [] }];
}

function rowOf(row: Columns): TagRow {
  const isKnown = row.digest !== null && row.problem === null;
  return {
    tag: row.name,
    digest: row.digest === null ? undefined : unpackDigest(row.digest),
    mediaType: row.media_type ?? undefined,
    artifactType: row.artifact_type ?? undefined,
    platforms: platformsOf(row.platforms),
    size: row.size ?? undefined,
    total: row.total ?? undefined,
    alone: isKnown ? row.alone : undefined,
    created: dateOf(row.created),
    pushed: dateOf(row.pushed),
    pushedBy: row.pushed_by ?? undefined,
    pulled: dateOf(row.pulled),
    problem: row.problem ?? undefined,
  };
}

function platformsOf(text: string | null): readonly string[] {
  const parsed: unknown = JSON.parse(text ?? '[]');
  return Array.isArray(parsed) ? parsed.filter((platform) => typeof platform === 'string') : [];
}
