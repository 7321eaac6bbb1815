import { lstat, readdir, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { Problem } from '../../../oci/problem.ts';
import { discard, ifExists, isRenamed } from '../disk/durable.ts';
import { removeIfEmpty } from '../disk/folders.ts';
import { concurrentForEach } from '../../../lib/concurrent-for-each.ts';
import { isSessionFile, type Paths } from '../disk/paths.ts';
import * as refusals from '../disk/refusals.ts';
import type { Staging } from '../disk/staging.ts';

/** Limits on the unfinished uploads of one user. */
export interface UploadLimits {
  /** Sessions. Default: 500. */
  readonly sessions?: number;
  /** Bytes of all sessions together, in percent of the disk's size. Default: 50. */
  readonly percent?: number;
  /** The bytes of a user are counted again after this many bytes of a body. Default: 64 MiB. */
  readonly stepBytes?: number;
}

export interface OpenUploadsOptions {
  readonly paths: Paths;
  readonly staging: Staging;
  readonly now: () => Date;
  readonly limits?: UploadLimits | undefined;
}

interface Session {
  readonly path: string;
  readonly size: number;
  /** When it was last written to, in milliseconds since the epoch. */
  readonly usedAt: number;
}

/** With less free space than this, the oldest idle sessions are removed. */
export const LEAST_FREE_BYTES = 64 * 1024 * 1024;
/** A session written to within this time is never idle, however little space is free. */
const IDLE_MS = 5 * 60 * 1000;
/** An older lock was left by a killed process. */
const LOCK_MS = 60 * 1000;
const LOCK = /^\.([a-f0-9-]{36}\.[a-f0-9]{16})\.lock(?:\.break)?$/;
const FREE_INTERVAL_MS = 1000;
/** A user with the most sessions allowed loses those that were idle for longer than this. */
const ABANDONED_MS = 60 * 60 * 1000;

/**
 * All open upload sessions, of all processes on all hosts; the folder is the only state. Counts what each user holds
 * and removes idle sessions.
 */
export class OpenUploads {
  readonly #options: OpenUploadsOptions;
  #freeing = Promise.resolve(0);
  #freedAt = Number.NEGATIVE_INFINITY;

  constructor(options: OpenUploadsOptions) {
    this.#options = options;
  }

  /**
   * Returns why a user may not begin another session, or undefined. Removes the user's abandoned sessions if the limit
   * is reached, and idle ones of all users if the disk is nearly full.
   */
  async refusal(owner: string): Promise<Problem | undefined> {
    await this.freeSpace();
    if ((await this.#limitRefusal(owner)) === undefined) return undefined;
    const own = await sessionsIn(this.#options.paths.uploadsOf(owner));
    await this.#removeIdle(own, this.#options.now().getTime() - ABANDONED_MS);
    return this.#limitRefusal(owner);
  }

  async #limitRefusal(owner: string): Promise<Problem | undefined> {
    const { paths, limits = {} } = this.#options;
    const most = limits.sessions ?? 500;
    const held = (await namesIn(paths.uploadsOf(owner))).length;
    return held >= most ? refusals.tooManyUploads(most) : this.bytesRefusal(owner);
  }

  /** How many bytes of a body pass between two counts of what a user holds. */
  get stepBytes(): number {
    return this.#options.limits?.stepBytes ?? 64 * 1024 * 1024;
  }

  /** Returns why a user may not send more bytes, or undefined. */
  async bytesRefusal(owner: string): Promise<Problem | undefined> {
    const { paths, limits = {} } = this.#options;
    const sessions = await sessionsIn(paths.uploadsOf(owner));
    const held = sessions.reduce((sum, { size }) => sum + size, 0);
    if (held === 0) return undefined;
    const { blocks, bsize } = await statfs(paths.staging);
    const most = Math.floor((blocks * bsize * (limits.percent ?? 50)) / 100);
    return held > most ? refusals.tooManyUploadBytes(most) : undefined;
  }

  /** Frees space while the disk is nearly full: removes the oldest idle sessions first. Returns their number. */
  async freeSpace(): Promise<number> {
    const { paths, now } = this.#options;
    if (!(await isNearlyFull(paths.staging))) return 0;
    const time = now().getTime();
    // A full disk brings many requests here. They share one walk.
    if (time - this.#freedAt < FREE_INTERVAL_MS) return this.#freeing;
    this.#freedAt = time;
    this.#freeing = this.#removeOldest(time - IDLE_MS);
    return this.#freeing;
  }

  async #removeOldest(before: number): Promise<number> {
    const { staging } = this.#options.paths;
    return this.#removeIdle(await this.#all(), before, () => isNearlyFull(staging));
  }

  /** Ends sessions last written before this time, in milliseconds since the epoch. Returns their number. */
  async purge(before: number, dryRun = false): Promise<number> {
    const all = await this.#all();
    if (!dryRun) return this.#removeIdle(all, before);
    return all.filter(({ usedAt }) => usedAt < before).length;
  }

  /** Removes the folder of a user without sessions. */
  async removeEmptyFolder(owner: string): Promise<void> {
    await removeIfEmpty(this.#options.paths.uploadsOf(owner));
  }

  async #all(): Promise<readonly Session[]> {
    const { uploads } = this.#options.paths;
    const all: Session[] = [];
    for (const owner of (await ifExists(readdir(uploads))) ?? []) {
      const sessions = await sessionsIn(join(uploads, owner));
      await this.#removeStrayLocks(join(uploads, owner));
      all.push(...sessions);
    }
    return all;
  }

  /**
   * Removes the idle ones of these sessions, the oldest first, while `goesOn` returns true. A session that a request is
   * writing to stays.
   */
  async #removeIdle(
    sessions: readonly Session[],
    before: number,
    goesOn: () => Promise<boolean> = () => Promise.resolve(true),
  ): Promise<number> {
    const { staging } = this.#options;
    const idle = sessions.filter(({ usedAt }) => usedAt < before).toSorted((a, b) => a.usedAt - b.usedAt);
    let removed = 0;
    for (const { path, usedAt } of idle) {
      if (!(await goesOn())) break;
      if (await this.#isHeld(lockOf(path))) continue;
      const found = await ifExists(stat(path));
      if (found === undefined || found.mtimeMs > usedAt) continue;
      const staged = staging.path();
      if (!(await isRenamed(path, staged))) continue;
      await discard(staged);
      // A killed process left the lock.
      await discard(lockOf(path));
      await removeIfEmpty(join(path, '..'));
      removed += 1;
    }
    return removed;
  }

  /** Reports whether a request uses a session. A held lock is touched every second. */
  async #isHeld(lock: string): Promise<boolean> {
    const found = await ifExists(lstat(lock));
    return found !== undefined && found.mtimeMs > this.#options.now().getTime() - LOCK_MS;
  }

  /** Removes locks in a user's folder that are not held and have no session. */
  async #removeStrayLocks(folder: string): Promise<void> {
    for (const name of (await ifExists(readdir(folder))) ?? []) {
      const [, session] = LOCK.exec(name) ?? [];
      const lock = join(folder, name);
      if (session === undefined || (await this.#isHeld(lock))) continue;
      if ((await ifExists(lstat(join(folder, session)))) === undefined) await discard(lock);
    }
    await removeIfEmpty(folder);
  }
}

async function isNearlyFull(folder: string): Promise<boolean> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize < LEAST_FREE_BYTES;
}

async function namesIn(folder: string): Promise<readonly string[]> {
  return ((await ifExists(readdir(folder))) ?? []).filter(isSessionFile);
}

async function sessionsIn(folder: string): Promise<readonly Session[]> {
  const sessions: Session[] = [];
  await concurrentForEach(await namesIn(folder), async (name) => {
    const path = join(folder, name);
    const found = await ifExists(stat(path));
    if (found !== undefined) sessions.push({ path, size: found.size, usedAt: found.mtimeMs });
  });
  return sessions;
}

/** Returns the path of the lock that `withFileLock` uses. */
function lockOf(path: string): string {
  const mark = path.lastIndexOf('/');
  return `${path.slice(0, mark)}/.${path.slice(mark + 1)}.lock`;
}
