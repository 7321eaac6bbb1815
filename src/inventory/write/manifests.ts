import type { Database } from '../database/database.ts';
import { packDigest, packIds, unpackIds } from '../database/packed.ts';
import { hold } from './holdings.ts';

/** What is kept of a manifest, and of all that belongs to it. */
export interface Content {
  readonly digest: string;
  readonly mediaType: string | undefined;
  readonly artifactType: string | undefined;
  readonly platforms: readonly string[];
  /** Bytes that a pull of one platform fetches. */
  readonly size: number | undefined;
  /** Milliseconds since 1970. */
  readonly created: number | undefined;
  readonly problem: string | undefined;
  /** All that the manifest needs: itself, its children, configs and layers. */
  readonly blobs: readonly SizedBlob[];
}

export interface SizedBlob {
  readonly digest: string;
  readonly size: number;
}

/** Larger ones are a lie: a petabyte. */
const LARGEST_BLOB = 2 ** 50;

/** The id of a manifest of this repository, if it has been read without a problem. */
export function findManifest(database: Database, repository: number, digest: string): number | undefined {
  const bytes = packDigest(digest);
  if (bytes === undefined) return undefined;
  return database.get<{ id: number }>(
    'SELECT id FROM manifest WHERE repository = ? AND digest = ? AND problem IS NULL',
    repository,
    bytes,
  )?.id;
}

/** Keeps a manifest, and returns its id. If no tag needs it yet, `pointTag` follows in the same transaction. */
export function storeManifest(database: Database, repository: number, content: Content): number {
  const digest = packDigest(content.digest);
  if (digest === undefined) throw new Error('a manifest without a digest that is known');
  const known = database.get<{ id: number; problem: string | null }>(
    'SELECT id, problem FROM manifest WHERE repository = ? AND digest = ?',
    repository,
    digest,
  );
  if (known !== undefined && known.problem === null) return known.id;
  const id =
    known?.id ??
    database.run(
      "INSERT INTO manifest (repository, digest, platforms, blobs) VALUES (?, ?, '[]', x'')",
      repository,
      digest,
    );
  const blobs = storeBlobs(database, content.blobs);
  writeFacts(database, id, content, blobs);
  // Tags that pointed to it while it could not be read hold nothing yet.
  const held = Uint32Array.from(blobs.ids);
  for (const tag of tagsOf(database, id)) hold(database, { repository, tag, blobs: held });
  return id;
}

interface StoredBlobs {
  readonly ids: readonly number[];
  readonly total: number;
}

function writeFacts(database: Database, id: number, content: Content, { ids, total }: StoredBlobs): void {
  const { mediaType, artifactType, platforms, size, created, problem } = content;
  database.run(
    `UPDATE manifest SET media_type = ?, artifact_type = ?, platforms = ?, size = ?, total = ?, created = ?,
       problem = ?, blobs = ? WHERE id = ?`,
    mediaType ?? null,
    artifactType ?? null,
    JSON.stringify(platforms),
    size ?? null,
    problem === undefined ? total : null,
    created ?? null,
    problem ?? null,
    packIds(ids),
    id,
  );
}

function tagsOf(database: Database, manifest: number): readonly number[] {
  return database.all<{ id: number }>('SELECT id FROM tag WHERE manifest = ?', manifest).map(({ id }) => id);
}

/** The ids of the blobs that a manifest needs. */
export function blobsOf(database: Database, manifest: number): Uint32Array {
  const found = database.get<{ blobs: Uint8Array }>('SELECT blobs FROM manifest WHERE id = ?', manifest);
  return found === undefined ? new Uint32Array() : unpackIds(found.blobs);
}

function storeBlobs(database: Database, blobs: readonly SizedBlob[]): StoredBlobs {
  const ids = new Map<number, number>();
  for (const { digest, size } of blobs) {
    const bytes = packDigest(digest);
    if (bytes === undefined) continue;
    const fit = Math.min(size, LARGEST_BLOB);
    ids.set(storeBlob(database, bytes, fit), fit);
  }
  return { ids: [...ids.keys()], total: [...ids.values()].reduce((sum, size) => sum + size, 0) };
}

function storeBlob(database: Database, digest: Uint8Array, size: number): number {
  const known = database.get<{ id: number }>(
    'SELECT id FROM blob WHERE digest = ? AND size = ?',
    digest,
    size,
  );
  return known?.id ?? database.run('INSERT INTO blob (digest, size) VALUES (?, ?)', digest, size);
}
