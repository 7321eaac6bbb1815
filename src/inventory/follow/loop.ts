import { setTimeout as sleep } from 'node:timers/promises';
import { DUE, findTag, putOff } from '../write/tags.ts';
import { checkTag } from './check-tag.ts';
import type { Follower } from './follower.ts';
import { createPace, type Pace } from './pace.ts';
import { Walk } from './walk.ts';

interface LoopOptions {
  readonly follower: Follower;
  /** Called with what went wrong, first of all with a damaged file. */
  readonly onFailure: (error: unknown, count: number) => Promise<void>;
  /** A factor for all pauses. Default: 1. */
  readonly pauses?: number;
}

interface DueTag {
  readonly repository: string;
  readonly tag: string;
  readonly due: number;
}

/** How long a tag that could not be read is left alone: at first, and after many failures. In milliseconds. */
const AGAIN_MS = 10_000;
const LONGEST_AGAIN_MS = 600_000;
/** As many tags as failures are counted of. */
const MOST_FAILED = 1000;
/** The longest that the loop sleeps, in milliseconds. */
const LONGEST_SLEEP_MS = 60_000;

/**
 * Reads one thing after the other, for as long as the gate runs: what was pushed, what was found, then the next of a walk.
 * The first walk lists all tags before it reads what they are.
 */
export class Loop {
  readonly #options: LoopOptions;
  readonly #ending = new AbortController();
  readonly #pace: Pace;
  readonly #walk: Walk;
  /** By the id of a tag that could not be read. */
  readonly #failed = new Map<number, number>();
  #alarm = new AbortController();
  #pushed = new AbortController();

  constructor(options: LoopOptions) {
    this.#options = options;
    this.#pace = createPace(this.#ending.signal, options.pauses);
    this.#walk = new Walk(options.follower, this.#pace, options.pauses);
  }

  /** Resolves after `stop`. */
  async run(): Promise<void> {
    let failures = 0;
    while (!this.#isOver()) {
      try {
        await this.#step();
        failures = 0;
      } catch (error) {
        if (this.#isOver()) return;
        failures += 1;
        await this.#options.onFailure(error, failures);
        this.#pushed = new AbortController();
        await this.#pace.afterFailures(failures, this.#pushed.signal);
      }
    }
  }

  /** There is something new to read. `isPushed`: it was just pushed, so that the registry works. */
  wake(isPushed = false): void {
    if (isPushed) this.#pushed.abort();
    this.#alarm.abort();
  }

  /** Somebody looks at the list of repositories. */
  want(): void {
    this.#walk.want();
    this.wake();
  }

  stop(): void {
    this.#ending.abort();
    this.wake();
  }

  #isOver(): boolean {
    return this.#ending.signal.aborted;
  }

  async #step(): Promise<void> {
    this.#alarm = new AbortController();
    const due = this.#nextDue(this.#walk.isListing() ? DUE.pushed : this.#options.follower.now());
    if (due !== undefined) {
      await this.#read(due);
      return;
    }
    const wait = this.#walk.dueAt() - this.#options.follower.now();
    if (wait <= 0) await this.#walk.step();
    else await this.#sleep(Math.min(wait, LONGEST_SLEEP_MS));
  }

  async #sleep(milliseconds: number): Promise<void> {
    const { signal } = this.#alarm;
    await sleep(milliseconds, undefined, { signal }).catch(() => undefined);
  }

  async #read({ repository, tag, due }: DueTag): Promise<void> {
    const { follower } = this.#options;
    const began = follower.now();
    try {
      await checkTag(follower, { repository, tag });
    } catch (error) {
      this.#putOff(repository, tag);
      throw error;
    }
    // What was just pushed is read at once: somebody waits to see it.
    if (due !== DUE.pushed) await this.#pace.rest(follower.now() - began, true);
  }

  #putOff(repository: string, tag: string): void {
    const { database, now } = this.#options.follower;
    const row = database().get<{ id: number }>('SELECT id FROM repository WHERE name = ?', repository);
    const found = row && findTag(database(), row.id, tag);
    if (found !== undefined) putOff(database(), found.id, now() + this.#againAfter(found.id));
  }

  #againAfter(tag: number): number {
    const failures = (this.#failed.get(tag) ?? 0) + 1;
    this.#failed.delete(tag);
    this.#failed.set(tag, failures);
    for (const oldest of this.#failed.keys()) {
      if (this.#failed.size <= MOST_FAILED) break;
      this.#failed.delete(oldest);
    }
    const { pauses = 1 } = this.#options;
    return Math.min(AGAIN_MS * 2 ** (failures - 1), LONGEST_AGAIN_MS) * pauses;
  }

  /** `until`: what is due before, in milliseconds since 1970 or one of `DUE`. */
  #nextDue(until: number): DueTag | undefined {
    const { database, isFull } = this.#options.follower;
    if (isFull()) return undefined;
    return database().get<DueTag>(
      `SELECT r.name AS repository, t.name AS tag, t.due FROM tag t INDEXED BY tag_due CROSS JOIN repository r ON r.id = t.repository
       WHERE t.due IS NOT NULL AND t.due <= ? ORDER BY t.due LIMIT 1`,
      until,
    );
  }
}
