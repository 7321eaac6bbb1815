import type { Database } from '../database/database.ts';
import { readMeta } from '../read/status.ts';
import { dropRepository, ensureRepository } from '../write/repositories.ts';
import { checkTag } from './check-tag.ts';
import type { Follower } from './follower.ts';
import { listTags } from './list-tags.ts';
import type { Pace } from './pace.ts';

/** How long after the end of a walk the next one begins, in milliseconds. */
const INTERVAL_MS = 6 * 3_600_000;
/** The same where there was no catalog. */
const RETRY_MS = 3_600_000;
/** How often a catalog may be refused before it counts as one that is not given: a registry may still be starting. */
const MOST_REFUSALS = 3;
const MOST_REPOSITORIES = 100_000;
const AT_ONCE = 500;

/**
 * A walk through the whole catalog, to find what has not passed this gate. What is still to do is in the file: after a
 * restart it goes on where it was.
 */
export class Walk {
  readonly #follower: Follower;
  readonly #pace: Pace;
  /** The last name of this pass: those before it that are still in the file could not be read. */
  #last = '';
  #hasRead = false;
  #refusals = 0;

  constructor(follower: Follower, pace: Pace) {
    this.#follower = follower;
    this.#pace = pace;
  }

  /** When the next step may be made, in milliseconds since 1970. */
  dueAt(): number {
    const database = this.#follower.database();
    if (readMeta(database, 'walk_began') !== undefined) return 0;
    const walked = readMeta(database, 'walked');
    if (walked === undefined) return 0;
    return Number(walked) + (readMeta(database, 'problem') === undefined ? INTERVAL_MS : RETRY_MS);
  }

  /** Reads the catalog, or one repository of it. Throws AppError if the registry does not answer. */
  async step(): Promise<void> {
    const database = this.#follower.database();
    if (readMeta(database, 'walk_listed') === undefined) {
      await this.#list();
      return;
    }
    const next = database.get<{ name: string }>(
      'SELECT name FROM walk WHERE name > ? ORDER BY name LIMIT 1',
      this.#last,
    );
    if (next === undefined) {
      this.#end();
      return;
    }
    this.#last = next.name;
    await this.#check(next.name);
    this.#hasRead = true;
    this.#follower.database().run('DELETE FROM walk WHERE name = ?', next.name);
  }

  async #list(): Promise<void> {
    const { database, now } = this.#follower;
    const began = now();
    this.#last = '';
    this.#hasRead = false;
    database().transaction(() => {
      setMeta(database(), 'walk_began', began);
      database().run('DELETE FROM walk');
    });
    const problem = await this.#readCatalog();
    if (problem === undefined) dropUnlisted(database(), began);
    database().transaction(() => {
      setMeta(database(), 'problem', problem ?? null);
      setMeta(database(), 'walk_listed', began);
      // A registry without a catalog is known by what passes the gate.
      if (problem !== undefined) database().run('INSERT OR IGNORE INTO walk SELECT name FROM repository');
    });
  }

  /** Returns why there is no catalog. */
  async #readCatalog(): Promise<string | undefined> {
    const { registry, database } = this.#follower;
    const isFirst = readMeta(database(), 'walked') === undefined;
    let count = 0;
    let names: string[] = [];
    const keep = (): void => {
      database().transaction(() => addNames(database(), names, isFirst));
      names = [];
    };
    try {
      for await (const name of registry.listRepositories()) {
        names.push(name);
        count += 1;
        if (names.length === AT_ONCE) keep();
        if (count === MOST_REPOSITORIES) break;
      }
    } catch (error) {
      this.#refusals += 1;
      if (!isRefused(error) || this.#refusals <= MOST_REFUSALS) throw error;
      return error.message.slice(0, 300);
    }
    keep();
    this.#refusals = 0;
    return undefined;
  }

  async #check(name: string): Promise<void> {
    const { database, now } = this.#follower;
    const listing = now();
    await listTags(this.#follower, name);
    await this.#pace.rest(now() - listing);
    const began = Number(readMeta(database(), 'walk_began') ?? 0);
    for (let last = ''; ;) {
      // New ones are read by who reads what is due.
      const next = database().get<{ name: string }>(
        `SELECT name FROM tag WHERE repository = (SELECT id FROM repository WHERE name = ?)
           AND name > ? AND due IS NULL AND checked < ? ORDER BY name LIMIT 1`,
        name,
        last,
        began,
      );
      if (next === undefined) return;
      last = next.name;
      const asking = now();
      await checkTag(this.#follower, { repository: name, tag: next.name });
      await this.#pace.rest(now() - asking);
    }
  }

  /** A pass in which nothing could be read is made again. */
  #end(): void {
    const { database, now } = this.#follower;
    const left = database().get<{ n: number }>('SELECT count(*) AS n FROM walk')?.n ?? 0;
    this.#last = '';
    if (left > 0 && !this.#hasRead) return;
    database().transaction(() => {
      if (left > 0) setMeta(database(), 'problem', `${left} repositories could not be read`);
      database().run('DELETE FROM walk');
      setMeta(database(), 'walked', now());
      database().run("DELETE FROM meta WHERE name IN ('walk_began', 'walk_listed')");
    });
  }
}

function setMeta(database: Database, name: string, value: number | string | null): void {
  database.run('INSERT OR REPLACE INTO meta VALUES (?, ?)', name, value);
}

/** At the first walk names are shown before their tags have been read. */
function addNames(database: Database, names: readonly string[], isFirst: boolean): void {
  for (const name of names) {
    database.run('INSERT OR IGNORE INTO walk VALUES (?)', name);
    if (isFirst) ensureRepository(database, name);
  }
}

/** What the catalog does not list is gone, unless it was pushed meanwhile. */
function dropUnlisted(database: Database, began: number): void {
  const gone = database.all<{ id: number }>(
    'SELECT id FROM repository WHERE coalesce(pushed, 0) < ? AND name NOT IN (SELECT name FROM walk)',
    began,
  );
  for (const { id } of gone) database.transaction(() => dropRepository(database, id));
}

function isRefused(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && error.code === 'REGISTRY_REFUSED';
}
