import { randomBytes } from 'node:crypto';
import { closeSync, openSync, readdirSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { giveTo, ownerForNew } from '../../lib/files/ownership.ts';
import { Database, isDamage } from './database.ts';
import { MOST_BYTES, SCHEMA, SCHEMA_VERSION } from './schema.ts';

/** The file of the inventory. */
export interface OpenedFile {
  readonly database: Database;
  /** Names this content: ids of another file, or of one that was made anew, mean nothing in it. */
  readonly epoch: string;
  /** Whether the path still leads to this file. */
  isCurrent(): boolean;
}

const FILE_MODE = 0o600;
const PAGE_BYTES = 4096;

interface WriteOptions {
  readonly path: string;
  /** The registry that it is about: a file about another one is made anew. */
  readonly backend: string;
}

/** Opens the file for its one writer. What is missing, damaged, of another version or about another registry is made anew. */
export async function openToWrite(options: WriteOptions): Promise<OpenedFile> {
  return tryToWrite(options) ?? makeAnew(options);
}

/** Makes the file anew: whoever has the old one open goes on in a file that has no name any more. */
export async function makeAnew({ path, backend }: WriteOptions): Promise<OpenedFile> {
  removeFile(path);
  // SQLite gives its log and its lock the mode and the owner of the file.
  closeSync(openSync(path, 'wx', FILE_MODE));
  await giveTo(await ownerForNew(dirname(path)), path);
  const database = new Database(path);
  database.execute(`PRAGMA page_size = ${PAGE_BYTES}; PRAGMA journal_mode = WAL`);
  database.transaction(() => {
    database.execute(SCHEMA);
    database.run("INSERT INTO meta VALUES ('backend', ?), ('epoch', ?), ('names', 0)", backend, newEpoch());
    database.execute(`PRAGMA user_version = ${SCHEMA_VERSION}`);
  });
  return settled(path, database);
}

function removeFile(path: string): void {
  for (const ending of ['', '-wal', '-shm', '-journal']) rmSync(`${path}${ending}`, { force: true });
}

/** Files of registries that the gate has not served for this long are removed, in milliseconds: 30 days. */
const STALE_MS = 30 * 86_400_000;

/** Removes the files of other registries beside this one, if they have not been written for a month. */
export function removeStale(path: string, now: number): void {
  const folder = dirname(path);
  for (const name of readdirSync(folder)) {
    if (!/^inventory-[0-9a-f]{8}\.db$/.test(name) || name === basename(path)) continue;
    const other = join(folder, name);
    if (now - (statSync(other, { throwIfNoEntry: false })?.mtimeMs ?? now) > STALE_MS) removeFile(other);
  }
}

/** Opens the file for a reader. Undefined if there is none, or none that can be read. */
export function openToRead(path: string): OpenedFile | undefined {
  try {
    statSync(path);
    const database = new Database(path, { readOnly: true });
    const opened = ifOurs(database, () => settled(path, database));
    if (opened === undefined) database.close();
    return opened;
  } catch {
    return undefined;
  }
}

function tryToWrite({ path, backend }: WriteOptions): OpenedFile | undefined {
  if (!exists(path)) return undefined;
  let database: Database | undefined;
  try {
    database = new Database(path);
    const opened = ifOurs(database, (made) => (isSound(made, backend) ? settled(path, made) : undefined));
    if (opened === undefined) database.close();
    return opened;
  } catch (error) {
    database?.close();
    if (isDamage(error)) return undefined;
    throw error;
  }
}

function ifOurs(
  database: Database,
  open: (database: Database) => OpenedFile | undefined,
): OpenedFile | undefined {
  const version = database.get<{ user_version: number }>('PRAGMA user_version')?.user_version;
  return version === SCHEMA_VERSION ? open(database) : undefined;
}

function isSound(database: Database, backend: string): boolean {
  if (metaOf(database, 'backend') !== backend) return false;
  return isWhole(database);
}

/** Reads the file through, and reports whether SQLite finds no fault. */
export function isWhole(database: Database): boolean {
  try {
    return database.get<{ quick_check: string }>('PRAGMA quick_check(1)')?.quick_check === 'ok';
  } catch (error) {
    if (isDamage(error)) return false;
    throw error;
  }
}

function settled(path: string, database: Database): OpenedFile {
  // A lost power supply may take the last changes, which the registry still knows.
  database.execute(`
    PRAGMA synchronous = NORMAL;
    PRAGMA max_page_count = ${(MOST_BYTES + MOST_BYTES / 4) / PAGE_BYTES};
    PRAGMA cache_size = -8192;
    PRAGMA journal_size_limit = 16777216;
    PRAGMA foreign_keys = OFF;
  `);
  // Nothing else gets the number of a file that is open.
  const opened = statSync(path).ino;
  return {
    database,
    epoch: String(metaOf(database, 'epoch')),
    isCurrent: () => inodeOf(path) === opened,
  };
}

function metaOf(database: Database, name: string): unknown {
  return database.get<{ value: unknown }>('SELECT value FROM meta WHERE name = ?', name)?.value;
}

function newEpoch(): string {
  return randomBytes(8).toString('hex');
}

function exists(path: string): boolean {
  return inodeOf(path) !== undefined;
}

function inodeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.ino;
}
