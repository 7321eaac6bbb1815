import type { Database } from '../database/database.ts';

/** A tag, and what it needs. */
export interface Holding {
  readonly repository: number;
  readonly tag: number;
  /** The ids of the blobs, each once. */
  readonly blobs: Uint32Array;
}

interface Held {
  readonly tags: number;
  readonly owners: number;
}

interface Blob {
  readonly size: number;
  readonly repositories: number;
  readonly owners: number;
}

/** What changes in the rows of repositories and tags, added up. */
class Sums {
  readonly #tags = new Map<number, number>();
  readonly #alone = new Map<number, number>();
  size = 0;

  ofTag(id: number, bytes: number): void {
    this.#tags.set(id, (this.#tags.get(id) ?? 0) + bytes);
  }

  ofRepository(id: number, bytes: number): void {
    this.#alone.set(id, (this.#alone.get(id) ?? 0) + bytes);
  }

  write(database: Database, repository: number): void {
    for (const [id, bytes] of this.#tags)
      database.run('UPDATE tag SET alone = alone + ? WHERE id = ?', bytes, id);
    for (const [id, bytes] of this.#alone)
      database.run('UPDATE repository SET alone = alone + ? WHERE id = ?', bytes, id);
    database.run('UPDATE repository SET size = size + ? WHERE id = ?', this.size, repository);
  }
}

/** Notes that a tag needs its blobs. Of a tag that holds nothing. */
export function hold(database: Database, { repository, tag, blobs }: Holding): void {
  const sums = new Sums();
  for (const id of blobs) {
    const blob = blobOf(database, id);
    const held = heldOf(database, repository, id);
    if (held === undefined) {
      database.run('INSERT INTO held VALUES (?, ?, 1, ?)', repository, id, tag);
      sums.size += blob.size;
      sums.ofTag(tag, blob.size);
      enter(database, { repository, id, blob }, sums);
      continue;
    }
    if (held.tags === 1) sums.ofTag(held.owners, -blob.size);
    setHeld(database, { repository, id }, { tags: held.tags + 1, owners: held.owners + tag });
  }
  sums.write(database, repository);
}

/** Notes that a tag does not need its blobs any more. Blobs that nobody needs are forgotten. */
export function release(database: Database, { repository, tag, blobs }: Holding): void {
  const sums = new Sums();
  for (const id of blobs) {
    const blob = blobOf(database, id);
    const held = heldOf(database, repository, id);
    if (held === undefined) continue;
    if (held.tags === 1) {
      database.run('DELETE FROM held WHERE repository = ? AND blob = ?', repository, id);
      sums.size -= blob.size;
      sums.ofTag(tag, -blob.size);
      leave(database, { repository, id, blob }, sums);
      continue;
    }
    const owners = held.owners - tag;
    if (held.tags === 2) sums.ofTag(owners, blob.size);
    setHeld(database, { repository, id }, { tags: held.tags - 1, owners });
  }
  sums.write(database, repository);
}

/** Forgets all that a repository needs, in one go. Its tags and its sums go with it. */
export function releaseAll(database: Database, repository: number): void {
  const sums = new Sums();
  const ids = database.all<{ blob: number }>('SELECT blob FROM held WHERE repository = ?', repository);
  for (const { blob: id } of ids) leave(database, { repository, id, blob: blobOf(database, id) }, sums);
  database.run('DELETE FROM held WHERE repository = ?', repository);
  sums.write(database, repository);
}

interface BlobPlace {
  readonly repository: number;
  readonly id: number;
  readonly blob: Blob;
}

/** A repository needs a blob that it did not need before. */
function enter(database: Database, { repository, id, blob }: BlobPlace, sums: Sums): void {
  const { size, repositories, owners } = blob;
  if (repositories === 0) sums.ofRepository(repository, size);
  if (repositories === 1) sums.ofRepository(owners, -size);
  setBlob(database, id, { repositories: repositories + 1, owners: owners + repository });
}

function leave(database: Database, { repository, id, blob }: BlobPlace, sums: Sums): void {
  const { size, repositories } = blob;
  const owners = blob.owners - repository;
  if (repositories === 2) sums.ofRepository(owners, size);
  if (repositories > 1) {
    setBlob(database, id, { repositories: repositories - 1, owners });
    return;
  }
  sums.ofRepository(repository, -size);
  database.run('DELETE FROM blob WHERE id = ?', id);
}

function blobOf(database: Database, id: number): Blob {
  const blob = database.get<Blob>('SELECT size, repositories, owners FROM blob WHERE id = ?', id);
  return blob ?? { size: 0, repositories: 0, owners: 0 };
}

function heldOf(database: Database, repository: number, id: number): Held | undefined {
  return database.get<Held>(
    'SELECT tags, owners FROM held WHERE repository = ? AND blob = ?',
    repository,
    id,
  );
}

function setHeld(
  database: Database,
  { repository, id }: Pick<BlobPlace, 'repository' | 'id'>,
  { tags, owners }: Held,
): void {
  database.run(
    'UPDATE held SET tags = ?, owners = ? WHERE repository = ? AND blob = ?',
    tags,
    owners,
    repository,
    id,
  );
}

function setBlob(
  database: Database,
  id: number,
  { repositories, owners }: Pick<Blob, 'repositories' | 'owners'>,
): void {
  database.run('UPDATE blob SET repositories = ?, owners = ? WHERE id = ?', repositories, owners, id);
}
