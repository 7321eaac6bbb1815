import { setImmediate } from 'node:timers/promises';
import { ShareLine } from '../../../../lib/share-line.ts';

interface Waiting {
  readonly begin: () => void;
  readonly refuse: () => void;
}

/** As many as questions that the thread takes. */
const MOST_WAITING = 64;

/**
 * Work that keeps the thread from everything else, done in turns of accounts: between two pieces of it of one account,
 * each other one has its turn.
 */
export class AccountTurns {
  readonly #line = new ShareLine<Waiting>(MOST_WAITING);
  #isBusy = false;

  /** Does the work when its owner has a turn. Undefined if too much waits. Rejects with what the work throws. */
  async take<T>(owner: string, work: () => T): Promise<T | undefined> {
    const { promise, resolve, reject } = Promise.withResolvers<T | undefined>();
    const begin = (): void => {
      try {
        resolve(work());
      } catch (error) {
        reject(error);
      }
    };
    this.#line.push({ begin, refuse: () => resolve(undefined) }, owner)?.refuse();
    if (!this.#isBusy) void this.#work();
    return promise;
  }

  async #work(): Promise<void> {
    this.#isBusy = true;
    // Questions that have arrived meanwhile get their places in the line first.
    await setImmediate();
    for (let next = this.#line.shift(); next !== undefined; next = this.#line.shift()) {
      next.begin();
      await setImmediate();
    }
    this.#isBusy = false;
  }
}
