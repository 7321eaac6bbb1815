import { concurrentForEach } from '../../lib/concurrent-for-each.ts';
import type { TagsQuery } from '../inventory.ts';
import { readTags } from '../read/tags.ts';
import { checkTag } from './check-tag.ts';
import type { Follower } from './follower.ts';
import { listTags } from './list-tags.ts';

/** How long the answer of a registry counts, in milliseconds: somebody who reloads a page all the time asks it no more often. */
const FRESH_MS = 2000;
/** How many repositories and pages are remembered as fresh, and how many are asked for at once. */
const MOST_REMEMBERED = 1000;
const MOST_AT_ONCE = 8;

/** What a page shows. */
export interface RefreshRequest {
  readonly repository: string;
  /** Undefined: the tags are listed, and none is looked at. */
  readonly page: Omit<TagsQuery, 'repository'> | undefined;
}

/** Asks the registry about what somebody looks at. */
export class Refresher {
  readonly #follower: Follower;
  readonly #done = new Map<string, { readonly at: number; readonly work: Promise<void> }>();
  #running = 0;

  constructor(follower: Follower) {
    this.#follower = follower;
  }

  /** Resolves when the page is as the registry says, or at once if it was so a moment ago, or too much is asked for. */
  async refresh({ repository, page }: RefreshRequest): Promise<void> {
    await this.#once(`list ${repository}`, () => listTags(this.#follower, repository));
    if (page === undefined) return;
    const query = { ...page, repository };
    await this.#once(`page ${JSON.stringify(query)}`, () => this.#check(query));
  }

  async #check(query: TagsQuery): Promise<void> {
    const { rows } = readTags(this.#follower.database(), query);
    await concurrentForEach(rows, ({ tag }) =>
      checkTag(this.#follower, { repository: query.repository, tag }),
    );
  }

  /** Two that ask for the same at the same time wait for the same answer. */
  async #once(key: string, work: () => Promise<void>): Promise<void> {
    const now = performance.now();
    const known = this.#done.get(key);
    if (known !== undefined && now - known.at < FRESH_MS) return known.work;
    if (this.#running >= MOST_AT_ONCE) return;
    this.#running += 1;
    const doing = work().finally(() => (this.#running -= 1));
    this.#done.delete(key);
    this.#done.set(key, { at: now, work: doing });
    for (const oldest of this.#done.keys()) {
      if (this.#done.size <= MOST_REMEMBERED) break;
      this.#done.delete(oldest);
    }
    await doing;
  }
}
