import type { Database } from '../database/database.ts';
import { dropIfEmpty } from '../write/events.ts';
import { dropRepository, ensureRepository, findRepository, noteListed } from '../write/repositories.ts';
import { dropTag, ensureTag, findTag } from '../write/tags.ts';
import { isUnknown, type Follower } from './follower.ts';

/** The most tags of a repository that are kept. */
const MOST_TAGS = 100_000;
/** How many rows are changed in one transaction: readers never wait, but a crash loses no more than this. */
const AT_ONCE = 200;

/**
 * Asks the registry for the tags of a repository. New ones are due to be read, those that are gone are forgotten, and so
 * is a repository without any. Throws AppError if the registry does not answer.
 */
export async function listTags({ registry, database, now, isFull }: Follower, name: string): Promise<void> {
  const began = now();
  const listed = await readList(registry.repository(name).listTags());
  const known = findRepository(database(), name);
  if (listed.size === 0) {
    if (known !== undefined) dropIfIdle(database(), known, began);
    return;
  }
  const id = known ?? database().transaction(() => ensureRepository(database(), name));
  if (!isFull())
    inParts(database(), newTags(database(), id, listed), (tag) => ensureTag(database(), id, tag));
  inParts(database(), goneTags(database(), id, listed, began), (tag) => {
    const record = findTag(database(), id, tag);
    if (record !== undefined) dropTag(database(), record);
  });
  database().transaction(() => {
    if (!isFull()) noteListed(database(), id, began);
    dropIfEmpty(database(), id);
  });
}

async function readList(tags: AsyncIterable<string>): Promise<ReadonlySet<string>> {
  const listed = new Set<string>();
  try {
    for await (const tag of tags) {
      listed.add(tag);
      if (listed.size === MOST_TAGS) break;
    }
  } catch (error) {
    if (!isUnknown(error)) throw error;
  }
  return listed;
}

function newTags(database: Database, repository: number, listed: ReadonlySet<string>): readonly string[] {
  const known = new Set(namesOf(database, repository));
  return [...listed].filter((tag) => !known.has(tag));
}

/** What was pushed after the list was asked for may be missing in it. */
function goneTags(
  database: Database,
  repository: number,
  listed: ReadonlySet<string>,
  began: number,
): readonly string[] {
  const known = database.all<{ name: string }>(
    'SELECT name FROM tag WHERE repository = ? AND coalesce(pushed, 0) < ?',
    repository,
    began,
  );
  return known.map(({ name }) => name).filter((name) => !listed.has(name));
}

function namesOf(database: Database, repository: number): readonly string[] {
  return database
    .all<{ name: string }>('SELECT name FROM tag WHERE repository = ?', repository)
    .map(({ name }) => name);
}

function dropIfIdle(database: Database, id: number, began: number): void {
  database.transaction(() => {
    const row = database.get<{ pushed: number | null }>('SELECT pushed FROM repository WHERE id = ?', id);
    if (row !== undefined && (row.pushed ?? 0) < began) dropRepository(database, id);
  });
}

function inParts(database: Database, tags: readonly string[], change: (tag: string) => void): void {
  for (let at = 0; at < tags.length; at += AT_ONCE)
    database.transaction(() => {
      for (const tag of tags.slice(at, at + AT_ONCE)) change(tag);
    });
}
