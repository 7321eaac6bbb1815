import type { Database } from '../database/database.ts';
import { packDigest } from '../database/packed.ts';
import type { RegistryEvent } from '../inventory.ts';
import { dropRepository, ensureRepository, findRepository } from './repositories.ts';
import { dropUntagged, notePushedAlone } from './untagged.ts';
import { DUE, dropTag, ensureTag, findTag, tagsOfDigest, type TagRecord } from './tags.ts';

/** Pulls are noted to the minute: a tag that is pulled all day is not written all day. */
const PULL_MS = 60_000;

/** Applies what has passed the gate. The contents of what was pushed are read afterwards. */
export function applyEvent(database: Database, event: RegistryEvent): void {
  if (event.kind === 'pushed') notePush(database, event);
  else if (event.kind === 'deleted') noteDeletion(database, event);
  else notePull(database, event);
}

function isDigestText(reference: string): boolean {
  return reference.includes(':');
}

function notePush(database: Database, { repository, reference, by, at }: RegistryEvent): void {
  if (isDigestText(reference)) {
    // A manifest without a tag is read when a tag needs it.
    const known = findRepository(database, repository);
    if (known !== undefined) notePushedAlone(database, known, reference, at);
    return;
  }
  const id = ensureRepository(database, repository);
  const tag = ensureTag(database, id, reference);
  database.run(
    'UPDATE tag SET pushed = ?, pushed_by = ?, due = ? WHERE id = ?',
    at,
    by ?? null,
    DUE.pushed,
    tag.id,
  );
  database.run(
    'UPDATE repository SET pushed = ?, pushed_by = ? WHERE id = ? AND coalesce(pushed, 0) <= ?',
    at,
    by ?? null,
    id,
    at,
  );
}

function noteDeletion(database: Database, { repository, reference }: RegistryEvent): void {
  const id = findRepository(database, repository);
  if (id === undefined) return;
  for (const tag of named(database, id, reference)) dropTag(database, tag);
  const digest = packDigest(reference);
  if (digest !== undefined) dropUntagged(database, id, digest);
  dropIfEmpty(database, id);
}

/** A repository without tags is none to look at. */
export function dropIfEmpty(database: Database, repository: number): void {
  const row = database.get<{ tags: number }>('SELECT tags FROM repository WHERE id = ?', repository);
  if (row?.tags === 0) dropRepository(database, repository);
}

function notePull(database: Database, { repository, reference, at }: RegistryEvent): void {
  const id = findRepository(database, repository);
  if (id === undefined) return;
  for (const tag of named(database, id, reference))
    database.run(
      'UPDATE tag SET pulled = ? WHERE id = ? AND coalesce(pulled, 0) <= ?',
      at,
      tag.id,
      at - PULL_MS,
    );
}

/** The tag, or all tags that stand for the digest. */
function named(database: Database, repository: number, reference: string): readonly TagRecord[] {
  if (isDigestText(reference)) return tagsOfDigest(database, repository, reference);
  const tag = findTag(database, repository, reference);
  return tag === undefined ? [] : [tag];
}
