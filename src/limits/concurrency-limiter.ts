/** A turnstile of the whole gate, from the side of one process. */
export interface Limiter {
  /** Whether there is room. Where there is none and a line, the answer takes its time. */
  acquire(key: string | undefined): Permit;
}

export interface Permit {
  readonly granted: boolean | Promise<boolean>;
  /** Gives the place back, the one in line too. To be called once, whatever became of it. */
  release(): void;
}

export interface ConcurrencyLimits {
  /** How many may be inside; undefined is any number. */
  readonly all: number | undefined;
  /** How many with the same key. */
  readonly each: number | undefined;
  /** How long somebody waits for room, in milliseconds. */
  readonly waitMs: number;
  /** How many may wait. */
  readonly mostWaiting: number;
}

interface Waiting {
  readonly key: string | undefined;
  readonly timer: NodeJS.Timeout;
  readonly settle: (isInside: boolean) => void;
}

/**
 * Lets so many in at the same time, of all and of each key. Who finds no room waits in line; who could not go in anyway,
 * because their own key is full, holds up nobody behind them.
 */
export class ConcurrencyLimiter {
  readonly #options: ConcurrencyLimits;
  /** By ticket, with their keys. */
  readonly #inside = new Map<string, string | undefined>();
  readonly #ofKey = new Map<string, number>();
  /** By ticket, in the order of arrival. */
  readonly #line = new Map<string, Waiting>();

  constructor(options: ConcurrencyLimits) {
    this.#options = options;
  }

  /** How many are inside, and how many wait. */
  get count(): { readonly inside: number; readonly waiting: number } {
    return { inside: this.#inside.size, waiting: this.#line.size };
  }

  /** Whether there is room: at once where that is certain. Without a key nobody counts but among all. A ticket is used once. */
  acquire(ticket: string, key: string | undefined): boolean | Promise<boolean> {
    const { waitMs, mostWaiting } = this.#options;
    if (this.#hasRoom(key)) {
      this.#admit(ticket, key);
      return true;
    }
    if (waitMs === 0 || this.#line.size >= mostWaiting) return false;
    return new Promise((settle) => {
      const timer = setTimeout(() => this.release(ticket), waitMs);
      this.#line.set(ticket, { key, timer, settle });
    });
  }

  /** Gives the place back, inside or in line. A ticket that has none is passed over. */
  release(ticket: string): void {
    const waiting = this.#line.get(ticket);
    if (waiting !== undefined) this.#settle(ticket, waiting, false);
    else if (this.#inside.has(ticket)) {
      const key = this.#inside.get(ticket);
      this.#inside.delete(ticket);
      if (key !== undefined) this.#count(key, -1);
      this.#callNext();
    }
  }

  /** Gives back all places whose tickets begin with this. */
  releaseAll(prefix: string): void {
    const tickets = [...this.#line.keys(), ...this.#inside.keys()];
    for (const ticket of tickets) if (ticket.startsWith(prefix)) this.release(ticket);
  }

  #hasRoom(key: string | undefined): boolean {
    const { all = Infinity, each = Infinity } = this.#options;
    return this.#inside.size < all && (key === undefined || (this.#ofKey.get(key) ?? 0) < each);
  }

  #admit(ticket: string, key: string | undefined): void {
    this.#inside.set(ticket, key);
    if (key !== undefined) this.#count(key, 1);
  }

  #count(key: string, by: number): void {
    const count = (this.#ofKey.get(key) ?? 0) + by;
    if (count === 0) this.#ofKey.delete(key);
    else this.#ofKey.set(key, count);
  }

  /** One place is free: the first in line who may have it gets it. */
  #callNext(): void {
    for (const [ticket, waiting] of this.#line) {
      if (!this.#hasRoom(waiting.key)) continue;
      this.#admit(ticket, waiting.key);
      this.#settle(ticket, waiting, true);
      return;
    }
  }

  #settle(ticket: string, { timer, settle }: Waiting, isInside: boolean): void {
    this.#line.delete(ticket);
    clearTimeout(timer);
    settle(isInside);
  }
}
