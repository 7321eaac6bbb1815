import { tagKey } from '../../images/tags/tag-order.ts';
import type { Database } from '../database/database.ts';
import { packDigest } from '../database/packed.ts';
import { hold, release } from './holdings.ts';
import { blobsOf } from './manifests.ts';
import { noteUntagged } from './untagged.ts';

/** A tag as it is changed. */
export interface TagRecord {
  readonly id: number;
  readonly repository: number;
  readonly manifest: number | null;
  readonly pushed: number | null;
}

const COLUMNS = 'id, repository, manifest, pushed';

/** When a tag is to be read: those that were just pushed before those that were found in a list. */
export const DUE = { pushed: 1, listed: 2 } as const;

export function findTag(database: Database, repository: number, name: string): TagRecord | undefined {
  return database.get<TagRecord>(
    `SELECT ${COLUMNS} FROM tag WHERE repository = ? AND name = ?`,
    repository,
    name,
  );
}

/** Returns a tag, which is new if it was not known, and then due. */
export function ensureTag(database: Database, repository: number, name: string): TagRecord {
  const known = findTag(database, repository, name);
  if (known !== undefined) return known;
  const id = database.run(
    'INSERT INTO tag (repository, name, rank, due) VALUES (?, ?, ?, ?)',
    repository,
    name,
    Buffer.from(tagKey(name)),
    DUE.listed,
  );
  database.run('UPDATE repository SET tags = tags + 1 WHERE id = ?', repository);
  return { id, repository, manifest: null, pushed: null };
}

/** Says which manifest a tag stands for. */
export function pointTag(database: Database, tag: TagRecord, manifest: number): void {
  if (tag.manifest === manifest) return;
  const { id, repository } = tag;
  // In this order, what both need is not forgotten in between.
  hold(database, { repository, tag: id, blobs: blobsOf(database, manifest) });
  database.run('UPDATE manifest SET tags = tags + 1 WHERE id = ?', manifest);
  database.run('UPDATE tag SET manifest = ? WHERE id = ?', manifest, id);
  database.run(
    'DELETE FROM untagged WHERE repository = ? AND digest = (SELECT digest FROM manifest WHERE id = ?)',
    repository,
    manifest,
  );
  if (tag.manifest !== null) letGo(database, tag, tag.manifest);
}

/** Notes that a tag has been read, unless it was pushed again since `began`. */
export function noteChecked(database: Database, tag: number, began: number): void {
  database.run(
    'UPDATE tag SET checked = ?, due = CASE WHEN pushed >= ? THEN due END WHERE id = ?',
    began,
    began,
    tag,
  );
}

/** Puts off the reading of a tag, in milliseconds since 1970. */
export function putOff(database: Database, tag: number, until: number): void {
  database.run('UPDATE tag SET due = ? WHERE id = ?', until, tag);
}

export function dropTag(database: Database, tag: TagRecord): void {
  if (tag.manifest !== null) letGo(database, tag, tag.manifest);
  database.run('DELETE FROM tag WHERE id = ?', tag.id);
  database.run('UPDATE repository SET tags = tags - 1 WHERE id = ?', tag.repository);
}

/** The tags of a repository that stand for a manifest. */
export function tagsOfDigest(database: Database, repository: number, digest: string): readonly TagRecord[] {
  const bytes = packDigest(digest);
  if (bytes === undefined) return [];
  return database.all<TagRecord>(
    `SELECT ${COLUMNS} FROM tag WHERE manifest = (SELECT id FROM manifest WHERE repository = ? AND digest = ?)`,
    repository,
    bytes,
  );
}

function letGo(database: Database, { id, repository }: TagRecord, manifest: number): void {
  release(database, { repository, tag: id, blobs: blobsOf(database, manifest) });
  database.run('UPDATE manifest SET tags = tags - 1 WHERE id = ?', manifest);
  const left = database.get<{ digest: Uint8Array }>(
    'SELECT digest FROM manifest WHERE id = ? AND tags <= 0',
    manifest,
  );
  if (left === undefined) return;
  noteUntagged(database, repository, left.digest, Date.now());
  database.run('DELETE FROM manifest WHERE id = ?', manifest);
}
