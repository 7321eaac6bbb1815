/** A limit of the whole gate on what is under way at the same time, as one process sees it. */
export interface Limiter {
  /** Asks for a permit within the limit on all and the one on this key; without a key only the one on all counts. */
  acquire(key: string | undefined): Permit;
}

interface Permit {
  /** A promise while the request waits for a free permit. */
  readonly granted: boolean | Promise<boolean>;
  /** Gives the permit back, or leaves the queue. To be called once, whatever `granted` says. */
  release(): void;
}

export interface ConcurrencyLimits {
  /** The most permits; undefined is no limit. */
  readonly all: number | undefined;
  /** The most permits of one key. */
  readonly each: number | undefined;
  /** How long a request waits for a permit, in milliseconds. */
  readonly waitMs: number;
  /** How many requests may wait. */
  readonly mostWaiting: number;
}

interface Waiting {
  readonly key: string | undefined;
  readonly timer: NodeJS.Timeout;
  readonly settle: (isGranted: boolean) => void;
}

/**
 * Grants a limited number of permits, in all and of each key. A request that finds none waits in a queue, in which those
 * whose own key is at its limit hold up no one behind them.
 */
export class ConcurrencyLimiter {
  readonly #options: ConcurrencyLimits;
  /** The keys of granted permits, by the permit's id. */
  readonly #granted = new Map<string, string | undefined>();
  readonly #ofKey = new Map<string, number>();
  /** By the permit's id, in the order of arrival. */
  readonly #queue = new Map<string, Waiting>();

  constructor(options: ConcurrencyLimits) {
    this.#options = options;
  }

  /** How many permits are granted, and how many requests wait. */
  get count(): { readonly granted: number; readonly waiting: number } {
    return { granted: this.#granted.size, waiting: this.#queue.size };
  }

  /** Whether the permit `id` is granted: at once unless the request waits. An id is used once. */
  acquire(id: string, key: string | undefined): boolean | Promise<boolean> {
    const { waitMs, mostWaiting } = this.#options;
    if (this.#isFree(key)) {
      this.#grant(id, key);
      return true;
    }
    if (waitMs === 0 || this.#queue.size >= mostWaiting) return false;
    return new Promise((settle) => {
      const timer = setTimeout(() => this.release(id), waitMs);
      this.#queue.set(id, { key, timer, settle });
    });
  }

  /** Gives back a granted permit, or leaves the queue. An unknown id is ignored. */
  release(id: string): void {
    const waiting = this.#queue.get(id);
    if (waiting !== undefined) this.#settle(id, waiting, false);
    else if (this.#granted.has(id)) {
      const key = this.#granted.get(id);
      this.#granted.delete(id);
      if (key !== undefined) this.#count(key, -1);
      this.#grantNext();
    }
  }

  /** Releases every id that begins with `prefix`. */
  releaseAll(prefix: string): void {
    const ids = [...this.#queue.keys(), ...this.#granted.keys()];
    for (const id of ids) if (id.startsWith(prefix)) this.release(id);
  }

  #isFree(key: string | undefined): boolean {
    const { all = Infinity, each = Infinity } = this.#options;
    return this.#granted.size < all && (key === undefined || (this.#ofKey.get(key) ?? 0) < each);
  }

  #grant(id: string, key: string | undefined): void {
    this.#granted.set(id, key);
    if (key !== undefined) this.#count(key, 1);
  }

  #count(key: string, by: number): void {
    const count = (this.#ofKey.get(key) ?? 0) + by;
    if (count === 0) this.#ofKey.delete(key);
    else this.#ofKey.set(key, count);
  }

  /** Grants one freed permit to the first in the queue whose key allows it. */
  #grantNext(): void {
    for (const [id, waiting] of this.#queue) {
      if (!this.#isFree(waiting.key)) continue;
      this.#grant(id, waiting.key);
      this.#settle(id, waiting, true);
      return;
    }
  }

  #settle(id: string, { timer, settle }: Waiting, isGranted: boolean): void {
    this.#queue.delete(id);
    clearTimeout(timer);
    settle(isGranted);
  }
}
