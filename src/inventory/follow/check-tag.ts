import type { Digest } from '../../oci/digest.ts';
import type { Database } from '../database/database.ts';
import { dropIfEmpty } from '../write/events.ts';
import { findManifest, storeManifest, type Content } from '../write/manifests.ts';
import { findRepository } from '../write/repositories.ts';
import { dropTag, findTag, noteChecked, pointTag, type TagRecord } from '../write/tags.ts';
import type { Follower } from './follower.ts';
import { readContent } from './read-content.ts';

/** A tag of a repository, by their names. */
interface TagName {
  readonly repository: string;
  readonly tag: string;
}

/**
 * Asks the registry what a tag stands for, reads that if it is not known, and keeps it. A tag that is gone is forgotten.
 * Throws AppError if the registry does not answer.
 */
export async function checkTag(follower: Follower, name: TagName): Promise<void> {
  const began = follower.now();
  const found = await look(follower, name);
  const database = follower.database();
  database.transaction(() => {
    const tag = tagOf(database, name);
    if (tag === undefined) return;
    if (found === undefined) forget(database, tag, began);
    else keep(database, tag, { ...found, began });
  });
}

interface Looked {
  readonly digest: Digest;
  /** Undefined if the manifest is known. */
  readonly content: Content | undefined;
}

/** What a tag stands for is read at once if nothing is known of the tag, and asked for before if something is. */
async function look({ registry, database }: Follower, name: TagName): Promise<Looked | undefined> {
  const source = registry.repository(name.repository);
  const known = tagOf(database(), name);
  if (known === undefined || known.manifest === null) {
    const root = await source.readManifest(name.tag);
    return root && { digest: root.digest, content: await readContent(source, root.digest.text, root) };
  }
  const found = await source.findManifest(name.tag);
  if (found === undefined) return undefined;
  const { digest } = found;
  const isKnown = findManifest(database(), known.repository, digest.text) !== undefined;
  return { digest, content: isKnown ? undefined : await readContent(source, digest.text) };
}

function tagOf(database: Database, { repository, tag }: TagName): TagRecord | undefined {
  const id = findRepository(database, repository);
  return id === undefined ? undefined : findTag(database, id, tag);
}

/** What was pushed while the registry was asked is there. */
function forget(database: Database, tag: TagRecord, began: number): void {
  if ((tag.pushed ?? 0) >= began) return;
  dropTag(database, tag);
  dropIfEmpty(database, tag.repository);
}

interface Found extends Looked {
  readonly began: number;
}

function keep(database: Database, tag: TagRecord, { digest, content, began }: Found): void {
  const manifest =
    content === undefined
      ? findManifest(database, tag.repository, digest.text)
      : storeManifest(database, tag.repository, content);
  // Forgotten meanwhile, with its last tag: the tag is still due.
  if (manifest === undefined) return;
  pointTag(database, tag, manifest);
  noteChecked(database, tag.id, began);
}
