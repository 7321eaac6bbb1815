import type { Standing, Turn } from '../lib/turn.ts';

/** Jobs that wait for a thread, in the order in which they get one. */
export interface HashLine<J> {
  /** How many wait. */
  readonly length: number;
  /** Takes the job in. The one that has no place now, if there is one: this job, or another that gave it its place. */
  push(job: J, turn: Turn): J | undefined;
  /** The next one. */
  shift(): J | undefined;
  /** Takes out all. */
  drain(): readonly J[];
}

const ORDER: readonly Standing[] = ['proven', 'regular', 'stranger'];
/** Of so many turns one is for strangers first, however many others wait: everybody was one once. */
const STRANGERS_TURN = 4;

/**
 * A line in three classes, each of which has `limit` places of its own: strangers take none from users. Credentials that
 * were right before come first, then networks that users come from, then the others. Within a class sites take turns, and
 * where it is full the one with the most places gives one up to the one with fewer: one site alone may have them all, as
 * an office behind one address does after a restart, and yet leaves every other site its share.
 */
export function createHashLine<J>(limit: number): HashLine<J> {
  const classes = ORDER.map(() => new ShareLine<J>(limit));
  let turns = 0;
  return {
    get length() {
      return classes.reduce((sum, line) => sum + line.length, 0);
    },
    push: (job, { standing, site }) => classes[ORDER.indexOf(standing)]?.push(job, site),
    shift: () => {
      turns = (turns + 1) % STRANGERS_TURN;
      const order = turns === 0 ? classes.toReversed() : classes;
      for (const line of order) if (line.length > 0) return line.shift();
      return undefined;
    },
    drain: () => classes.flatMap((line) => line.drain()),
  };
}

class ShareLine<J> {
  readonly #limit: number;
  /** In the order in which they get their turn. */
  readonly #bySite = new Map<string, J[]>();
  #length = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get length(): number {
    return this.#length;
  }

  push(job: J, site: string): J | undefined {
    const own = this.#bySite.get(site) ?? [];
    let displaced: J | undefined;
    if (this.#length >= this.#limit) {
      const [most = site, jobs = own] = this.#longest();
      if (jobs.length <= own.length + 1) return job;
      displaced = jobs.pop();
      this.#length -= 1;
      if (jobs.length === 0) this.#bySite.delete(most);
    }
    own.push(job);
    this.#bySite.set(site, own);
    this.#length += 1;
    return displaced;
  }

  shift(): J | undefined {
    for (const [site, jobs] of this.#bySite) {
      const job = jobs.shift();
      this.#bySite.delete(site);
      if (jobs.length > 0) this.#bySite.set(site, jobs);
      this.#length -= 1;
      return job;
    }
    return undefined;
  }

  drain(): readonly J[] {
    const all = [...this.#bySite.values()].flat();
    this.#bySite.clear();
    this.#length = 0;
    return all;
  }

  #longest(): readonly [string, J[]] | readonly [] {
    let found: readonly [string, J[]] | readonly [] = [];
    for (const entry of this.#bySite) if (entry[1].length > (found[1]?.length ?? 0)) found = entry;
    return found;
  }
}
