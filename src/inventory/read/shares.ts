import type { Database } from '../database/database.ts';
import { findRepository } from '../write/repositories.ts';
import { packDigest, unpackIds } from '../database/packed.ts';

const MOST_DIGESTS = 4096;
const MOST_TAGS = 1000;

/** How many tags of a repository need each of these blobs. */
export function readShares(
  database: Database,
  repository: string,
  digests: readonly string[],
): ReadonlyMap<string, number> {
  const shares = new Map<string, number>();
  const id = findRepository(database, repository) ?? 0;
  for (const text of digests.slice(0, MOST_DIGESTS)) {
    const digest = packDigest(text);
    if (digest === undefined) continue;
    const found = database.get<{ tags: number | null }>(
      `SELECT max((SELECT tags FROM held WHERE repository = ? AND blob = b.id)) AS tags
       FROM blob b WHERE b.digest = ?`,
      id,
      digest,
    );
    if (found !== undefined && found.tags !== null) shares.set(text, found.tags);
  }
  return shares;
}

/** Bytes that only these tags of a repository need. */
export function readAlone(database: Database, repository: string, tags: readonly string[]): number {
  const counts = new Map<number, number>();
  const repositoryId = findRepository(database, repository) ?? 0;
  for (const tag of new Set(tags.slice(0, MOST_TAGS))) {
    const found = database.get<{ blobs: Uint8Array }>(
      `SELECT m.blobs FROM tag t JOIN manifest m ON m.id = t.manifest
       WHERE t.name = ? AND t.repository = ?`,
      tag,
      repositoryId,
    );
    for (const id of unpackIds(found?.blobs ?? new Uint8Array())) counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  let bytes = 0;
  for (const [id, count] of counts) {
    const blob = database.get<{ size: number; tags: number | null }>(
      `SELECT size, (SELECT tags FROM held WHERE repository = ? AND blob = b.id) AS tags
       FROM blob b WHERE id = ?`,
      repositoryId,
      id,
    );
    if (blob?.tags === count) bytes += blob.size;
  }
  return bytes;
}
