/** Raised with every change of the tables: a file of another version is made anew. */
export const SCHEMA_VERSION = 2;

/** The largest file, in bytes, not counting its write-ahead log. When it is reached, nothing more is added. */
export const MOST_BYTES = 1024 * 1024 * 1024;

/**
 * `owners` of `blob` and of `held` is the sum of the ids that hold the row. Where it is one, it is that id, so that
 * `alone` of repositories and tags is kept right with each change, and is never counted anew.
 *
 * The sums are REAL: sizes are what manifests say, and a sum of integers could overflow, which is an error in SQLite.
 *
 * A blob is a digest and a size: who lies about the size of a blob makes another blob, in the own repository only.
 */
export const SCHEMA = `
  CREATE TABLE meta (
    name TEXT PRIMARY KEY,
    value
  ) WITHOUT ROWID;
  CREATE TABLE repository (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    tags INTEGER NOT NULL DEFAULT 0,
    size REAL NOT NULL DEFAULT 0,
    alone REAL NOT NULL DEFAULT 0,
    pushed INTEGER,
    pushed_by TEXT,
    listed INTEGER
  );
  CREATE TABLE manifest (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    repository INTEGER NOT NULL,
    digest BLOB NOT NULL,
    tags INTEGER NOT NULL DEFAULT 0,
    media_type TEXT,
    artifact_type TEXT,
    platforms TEXT NOT NULL,
    size REAL,
    total REAL,
    created INTEGER,
    problem TEXT,
    blobs BLOB NOT NULL,
    UNIQUE (repository, digest)
  );
  CREATE TABLE tag (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    repository INTEGER NOT NULL,
    name TEXT NOT NULL,
    rank BLOB NOT NULL,
    manifest INTEGER,
    alone REAL NOT NULL DEFAULT 0,
    pushed INTEGER,
    pushed_by TEXT,
    pulled INTEGER,
    checked INTEGER,
    due INTEGER,
    UNIQUE (repository, name)
  );
  CREATE INDEX tag_by_rank ON tag (repository, rank, name);
  CREATE INDEX tag_by_manifest ON tag (manifest);
  CREATE INDEX tag_due ON tag (due) WHERE due IS NOT NULL;
  CREATE INDEX tag_unread ON tag (repository) WHERE due IS NOT NULL;
  CREATE TABLE blob (
    id INTEGER PRIMARY KEY,
    digest BLOB NOT NULL,
    size INTEGER NOT NULL,
    repositories INTEGER NOT NULL DEFAULT 0,
    owners INTEGER NOT NULL DEFAULT 0,
    UNIQUE (digest, size)
  );
  CREATE INDEX blob_shared ON blob (id, size) WHERE repositories > 1;
  CREATE TABLE held (
    repository INTEGER NOT NULL,
    blob INTEGER NOT NULL,
    tags INTEGER NOT NULL,
    owners INTEGER NOT NULL,
    PRIMARY KEY (repository, blob)
  ) WITHOUT ROWID;
  CREATE INDEX held_by_blob ON held (blob, repository);
  CREATE TABLE untagged (
    repository INTEGER NOT NULL,
    digest BLOB NOT NULL,
    since INTEGER NOT NULL,
    PRIMARY KEY (repository, digest)
  ) WITHOUT ROWID;
  CREATE TABLE walk (
    name TEXT PRIMARY KEY
  ) WITHOUT ROWID;
`;
