import { PageError } from './page-error.ts';

/** Pages that are made at one time: of one owner, and of all. */
const MOST_EACH = 2;
const MOST = 8;
/** Pages that wait for their turn: of one owner, and of all. */
const MOST_WAITING_EACH = 8;
const MOST_WAITING = 64;
const WAIT_MS = 10_000;

interface Waiting {
  readonly owner: string;
  readonly begin: () => void;
}

/** Who asks for a page, and when it is not asked for any more. */
interface Asker {
  readonly owner: string;
  readonly signal: AbortSignal | undefined;
}

/**
 * Limits how many pages are made at the same time, so that their memory, and what they ask of the registry, has a bound.
 * A page waits for its turn, in the order of arrival; those of an owner who has enough hold up nobody behind them.
 */
export class PageTurns {
  /** The owner of each page in the making. */
  readonly #busy: string[] = [];
  readonly #waiting: Waiting[] = [];
  readonly #waitMs: number;

  constructor(waitMs = WAIT_MS) {
    this.#waitMs = waitMs;
  }

  /** Makes a page when there is room. Throws PageError busy where there is none in time, or the reason of the signal. */
  async run<T>(asker: Asker, make: () => T | Promise<T>): Promise<T> {
    const { owner } = asker;
    if (this.#isFree(owner)) this.#busy.push(owner);
    else await this.#wait(asker);
    try {
      return await make();
    } finally {
      this.#busy.splice(this.#busy.indexOf(owner), 1);
      this.#next();
    }
  }

  #isFree(owner: string): boolean {
    return this.#busy.length < MOST && count(this.#busy, owner) < MOST_EACH;
  }

  #wait({ owner, signal }: Asker): Promise<void> {
    const owners = this.#waiting.map((it) => it.owner);
    if (owners.length >= MOST_WAITING || count(owners, owner) >= MOST_WAITING_EACH)
      throw new PageError('busy');
    signal?.throwIfAborted();
    return new Promise((resolve, reject) => {
      const leave = (error: unknown): void => {
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
        stop();
        reject(error);
      };
      const onAbort = (): void => leave(signal?.reason);
      const timer = setTimeout(() => leave(new PageError('busy')), this.#waitMs);
      const stop = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
      };
      const waiting: Waiting = {
        owner,
        begin: () => {
          stop();
          resolve();
        },
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#waiting.push(waiting);
    });
  }

  /** The turn is taken here, not when the promise goes on: nobody may come in between. */
  #next(): void {
    const at = this.#waiting.findIndex(({ owner }) => this.#isFree(owner));
    const [next] = at < 0 ? [] : this.#waiting.splice(at, 1);
    if (next === undefined) return;
    this.#busy.push(next.owner);
    next.begin();
  }
}

/** The turns of pages that ask the registry, which may not answer, and of those that ask the inventory alone. */
export interface Turns {
  readonly registry: PageTurns;
  readonly inventory: PageTurns;
}

/** A page of one kind waits for none of the other. */
export function createTurns(): Turns {
  return { registry: new PageTurns(), inventory: new PageTurns() };
}

function count(owners: readonly string[], owner: string): number {
  return owners.filter((it) => it === owner).length;
}
