import type { Database } from '../database/database.ts';
import { readMeta } from '../read/status.ts';
import { DUE } from '../write/tags.ts';
import { addRepositories, dropUnlisted, isRefused, readNames } from './catalog.ts';
import { checkTag } from './check-tag.ts';
import type { Follower } from './follower.ts';
import { listTags } from './list-tags.ts';
import type { Pace } from './pace.ts';

/** How long after the end of a walk the next one begins, in milliseconds. */
const INTERVAL_MS = 6 * 3_600_000;
/** The same where there was no catalog, and where some repositories could not be read. */
const RETRY_MS = 3_600_000;
const LEFT_MS = 600_000;
/** How often it is tried to read those. */
const MOST_PASSES = 4;
/** How often the catalog is read while somebody looks, in milliseconds: less often where it takes a registry long to make it. */
const LOOK_MS = 60_000;
const PAUSES_FOR_LOOK = 100;
/** How often a catalog may be refused before it counts as one that is not given: a registry may still be starting. */
const MOST_REFUSALS = 3;

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
  #passes = 0;
  #refusals = 0;
  readonly #pauses: number;
  #isWanted = false;
  /** When the catalog may be read again because somebody looks. */
  #lookAt = 0;

  /** `pauses`: a factor for the times between attempts and looks, for tests. */
  constructor(follower: Follower, pace: Pace, pauses = 1) {
    this.#follower = follower;
    this.#pace = pace;
    this.#pauses = pauses;
  }

  /** Somebody looks at the list of repositories: what is new in the catalog is read soon. */
  want(): void {
    this.#isWanted = true;
  }

  /** Whether this is the first walk, and tags are still to be listed. */
  isListing(): boolean {
    const database = this.#follower.database();
    if (readMeta(database, 'walked') !== undefined) return false;
    return readMeta(database, 'walk_listed') === undefined || this.#next() !== undefined;
  }

  /** When the next step may be made, in milliseconds since 1970. */
  dueAt(): number {
    const usual = this.#walkAt();
    return this.#isWanted && this.#hasCatalog() ? Math.min(usual, this.#lookAt) : usual;
  }

  #hasCatalog(): boolean {
    const database = this.#follower.database();
    return readMeta(database, 'problem') === undefined || readMeta(database, 'left') !== undefined;
  }

  #walkAt(): number {
    const database = this.#follower.database();
    if (readMeta(database, 'walk_began') !== undefined) return 0;
    const walked = readMeta(database, 'walked');
    if (walked === undefined) return 0;
    if (!this.#hasCatalog()) return Number(walked) + RETRY_MS;
    return Number(walked) + (readMeta(database, 'left') === undefined ? INTERVAL_MS : LEFT_MS * this.#pauses);
  }

  /** Reads the catalog, or one repository of it. Throws AppError if the registry does not answer. */
  async step(): Promise<void> {
    const database = this.#follower.database();
    if (this.#walkAt() > this.#follower.now()) {
      await this.#look();
      return;
    }
    if (readMeta(database, 'walk_listed') === undefined) {
      await this.#list();
      return;
    }
    const next = this.#next();
    if (next === undefined) {
      this.#end();
      return;
    }
    const before = this.#last;
    this.#last = next;
    const isDone = await this.#check(next);
    this.#hasRead = true;
    if (isDone) this.#follower.database().run('DELETE FROM walk WHERE name = ?', next);
    else this.#last = before;
  }

  #next(): string | undefined {
    return this.#follower
      .database()
      .get<{ name: string }>('SELECT name FROM walk WHERE name > ? ORDER BY name LIMIT 1', this.#last)?.name;
  }

  /** Reads the catalog alone, for what is new or gone. New repositories are then read as in a walk. */
  async #look(): Promise<void> {
    const { database, now } = this.#follower;
    const began = now();
    this.#begin();
    database().run('DELETE FROM walk');
    try {
      await readNames(this.#follower, false);
      dropUnlisted(database(), began);
    } catch (error) {
      database().run('DELETE FROM walk');
      if (!isRefused(error)) throw error;
    } finally {
      this.#lookAt = Math.max(this.#lookAt, now() + (now() - began) * PAUSES_FOR_LOOK * this.#pauses);
    }
    database().transaction(() => {
      database().run('DELETE FROM walk WHERE name IN (SELECT name FROM repository)');
      const isNew = this.#next() !== undefined;
      if (!isNew) return;
      for (const name of ['walk_began', 'walk_listed', 'walk_look']) setMeta(database(), name, began);
      addRepositories(database());
    });
  }

  #begin(): void {
    this.#last = '';
    this.#passes = 0;
    this.#isWanted = false;
    this.#lookAt = this.#follower.now() + LOOK_MS * this.#pauses;
  }

  async #list(): Promise<void> {
    const { database, now } = this.#follower;
    const began = now();
    this.#begin();
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
    const isFirst = readMeta(this.#follower.database(), 'walked') === undefined;
    try {
      await readNames(this.#follower, isFirst);
    } catch (error) {
      this.#refusals += 1;
      if (!isRefused(error) || this.#refusals <= MOST_REFUSALS) throw error;
      return error.message.slice(0, 300);
    }
    this.#refusals = 0;
    return undefined;
  }

  /** Returns whether all is done, or something has been pushed meanwhile, which somebody waits for. */
  async #check(name: string): Promise<boolean> {
    const { database, now } = this.#follower;
    const listing = now();
    const isFirst = readMeta(database(), 'walked') === undefined;
    await listTags(this.#follower, name);
    await this.#pace.rest(now() - listing, isFirst);
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
      if (next === undefined) return true;
      if (!this.#follower.isFull() && isSomethingPushed(database())) return false;
      last = next.name;
      const asking = now();
      await checkTag(this.#follower, { repository: name, tag: next.name });
      await this.#pace.rest(now() - asking, false);
    }
  }

  /** A pass in which nothing could be read is made again, and one in which something could not be read a few times. */
  #end(): void {
    const { database, now } = this.#follower;
    const left = database().get<{ n: number }>('SELECT count(*) AS n FROM walk')?.n ?? 0;
    this.#last = '';
    this.#passes += 1;
    if (left > 0 && (!this.#hasRead || this.#passes < MOST_PASSES)) return;
    const isLook = readMeta(database(), 'walk_look') !== undefined;
    database().transaction(() => {
      if (left > 0) setMeta(database(), 'problem', problemOf(left));
      if (left > 0 || !isLook) setMeta(database(), 'left', left > 0 ? left : null);
      database().run('DELETE FROM walk');
      // After a look, the next walk is due when it was due before.
      if (!isLook) setMeta(database(), 'walked', now());
      database().run("DELETE FROM meta WHERE name IN ('walk_began', 'walk_listed', 'walk_look')");
    });
  }
}

function problemOf(left: number): string {
  return `${left === 1 ? '1 repository' : `${left} repositories`} could not be read`;
}

function setMeta(database: Database, name: string, value: number | string | null): void {
  database.run('INSERT OR REPLACE INTO meta VALUES (?, ?)', name, value);
}

function isSomethingPushed(database: Database): boolean {
  return database.get('SELECT 1 FROM tag WHERE due = ? LIMIT 1', DUE.pushed) !== undefined;
}
