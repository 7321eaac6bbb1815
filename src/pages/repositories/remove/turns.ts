/** How many wait for their turn at most. */
const MOST_WAITING = 16;

/** Lets one task run at a time, in the order in which they came. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  /** Runs the task when those before it have ended. Undefined if too many wait. */
  take<T>(task: () => Promise<T>): Promise<T> | undefined {
    if (this.#waiting >= MOST_WAITING) return undefined;
    this.#waiting += 1;
    const result = this.#last.then(task).finally(() => {
      this.#waiting -= 1;
    });
    this.#last = result.catch(() => undefined);
    return result;
  }
}
