/** How many tasks wait for their turn or have it: of one repository, and of all. */
const MOST_OF_ONE = 4;
const MOST = 16;
/** How many run at a time, each of another repository. */
const MOST_RUNNING = 3;

/**
 * Lets the tasks of one repository run one at a time, in the order in which they came, and those of a few repositories
 * side by side: one that takes long holds up no other repository.
 */
export class Turns {
  /** The tasks of each repository, the one that runs first. The repositories take turns. */
  readonly #lines = new Map<string, (() => Promise<void>)[]>();
  readonly #running = new Set<string>();

  /** Runs the task when those of the same repository before it have ended. Undefined if too many wait. */
  take<T>(repository: string, task: () => Promise<T>): Promise<T> | undefined {
    const line = this.#lines.get(repository) ?? [];
    if (line.length >= MOST_OF_ONE || this.#count() >= MOST) return undefined;
    const { promise, resolve } = Promise.withResolvers<T>();
    line.push(async () => {
      resolve(task());
      await promise.catch(() => undefined);
    });
    this.#lines.set(repository, line);
    this.#start();
    return promise;
  }

  #count(): number {
    let count = 0;
    for (const { length } of this.#lines.values()) count += length;
    return count;
  }

  #start(): void {
    for (const [repository, line] of this.#lines) {
      if (this.#running.size >= MOST_RUNNING) return;
      if (!this.#running.has(repository)) void this.#run(repository, line);
    }
  }

  async #run(repository: string, line: (() => Promise<void>)[]): Promise<void> {
    this.#running.add(repository);
    await line[0]?.();
    line.shift();
    this.#running.delete(repository);
    this.#lines.delete(repository);
    if (line.length > 0) this.#lines.set(repository, line);
    this.#start();
  }
}
