import type { Database } from '../database/database.ts';
import { packDigest, unpackDigest, unpackIds } from '../database/packed.ts';
import type { UntaggedManifest } from '../inventory.ts';
import { findRepository } from '../write/repositories.ts';

/** The manifests of a repository that were seen without a tag, the last ones first. */
export function readUntagged(database: Database, repository: string): readonly UntaggedManifest[] {
  const rows = database.all<{ digest: Uint8Array; since: number }>(
    `SELECT digest, since FROM untagged WHERE repository = (SELECT id FROM repository WHERE name = ?)
     ORDER BY since DESC, digest`,
    repository,
  );
  return rows.map(({ digest, since }) => ({ digest: unpackDigest(digest), since: new Date(since) }));
}

const MOST_DIGESTS = 1000;

/** Finds a tag that needs each of these, as part of an index or otherwise. What none needs is left out. */
export function readNeeding(
  database: Database,
  repository: string,
  digests: readonly string[],
): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const id = findRepository(database, repository) ?? 0;
  for (const text of digests.slice(0, MOST_DIGESTS)) {
    const digest = packDigest(text);
    const tag = digest === undefined ? undefined : needingOf(database, id, digest);
    if (tag !== undefined) found.set(text, tag);
  }
  return found;
}

function needingOf(database: Database, repository: number, digest: Uint8Array): string | undefined {
  // Of a blob that one tag needs, the sum of its owners is that tag.
  const held = database.get<{ blob: number; tags: number; owners: number }>(
    `SELECT h.blob, h.tags, h.owners FROM blob b JOIN held h ON h.blob = b.id
     WHERE b.digest = ? AND h.repository = ? LIMIT 1`,
    digest,
    repository,
  );
  if (held === undefined) return undefined;
  if (held.tags === 1)
    return database.get<{ name: string }>('SELECT name FROM tag WHERE id = ?', held.owners)?.name;
  return holderOf(database, repository, held.blob);
}

const ID_BYTES = 4;

function holderOf(database: Database, repository: number, blob: number): string | undefined {
  const id = Buffer.alloc(ID_BYTES);
  id.writeUInt32LE(blob);
  const rows = database.all<{ name: string; blobs: Uint8Array }>(
    `SELECT t.name, m.blobs FROM manifest m JOIN tag t ON t.manifest = m.id
     WHERE m.repository = ? AND instr(m.blobs, ?) > 0 LIMIT 100`,
    repository,
    id,
  );
  // Four bytes may also be the end of one id and the beginning of the next.
  return rows.find(({ blobs }) => unpackIds(blobs).includes(blob))?.name;
}
