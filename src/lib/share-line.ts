/**
 * A queue of bounded length in which the owners of jobs take turns. When it is full, the owner with the most jobs gives
 * one up to an owner with fewer: a single owner may fill it, and yet every other one gets its share.
 */
export class ShareLine<J> {
  readonly #limit: number;
  /** The owners in the order of their turns. */
  readonly #byOwner = new Map<string, J[]>();
  #length = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get length(): number {
    return this.#length;
  }

  /** Adds a job. Returns the job that has no place now, if there is one: this job, or the last one of another owner. */
  push(job: J, owner: string): J | undefined {
    const own = this.#byOwner.get(owner) ?? [];
    let displaced: J | undefined;
    if (this.#length >= this.#limit) {
      const [most = owner, jobs = own] = this.#longest();
      if (jobs.length <= own.length + 1) return job;
      displaced = jobs.pop();
      this.#length -= 1;
      if (jobs.length === 0) this.#byOwner.delete(most);
    }
    own.push(job);
    this.#byOwner.set(owner, own);
    this.#length += 1;
    return displaced;
  }

  /** Removes and returns the first job of the owner whose turn it is. `isReady`: who may have a turn now. Default: all. */
  shift(isReady: (owner: string) => boolean = () => true): J | undefined {
    for (const [owner, jobs] of this.#byOwner) {
      if (!isReady(owner)) continue;
      const job = jobs.shift();
      this.#byOwner.delete(owner);
      if (jobs.length > 0) this.#byOwner.set(owner, jobs);
      this.#length -= 1;
      return job;
    }
    return undefined;
  }

  drain(): readonly J[] {
    const all = [...this.#byOwner.values()].flat();
    this.#byOwner.clear();
    this.#length = 0;
    return all;
  }

  #longest(): readonly [string, J[]] | readonly [] {
    let found: readonly [string, J[]] | readonly [] = [];
    for (const entry of this.#byOwner) if (entry[1].length > (found[1]?.length ?? 0)) found = entry;
    return found;
  }
}
