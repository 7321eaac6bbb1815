/** Of the four threads that libuv starts by itself. */
const DEFAULT_LIMIT = 2;

/**
 * Forces data to the disk, a bounded number at a time. Each fsync holds a thread of the pool that reads wait for too,
 * and a slow disk holds it for seconds: the bound leaves threads to the reads. Work over the bound waits in the order of
 * its arrival.
 */
export class SyncLane {
  #limit = DEFAULT_LIMIT;
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  /** Says how many threads the pool has. A quarter of them, and at least two, never wait for the disk to confirm a write. */
  setThreads(threads: number): void {
    this.#limit = Math.max(1, threads - Math.max(2, Math.ceil(threads / 4)));
  }

  /** How many may run at the same time. */
  get limit(): number {
    return this.#limit;
  }

  /** Runs the work as soon as it may. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running >= this.#limit) await new Promise<void>((resolve) => void this.#waiting.push(resolve));
    else this.#running += 1;
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      // The place is handed over, so that nothing that comes in between takes it.
      if (next === undefined) this.#running -= 1;
      else next();
    }
  }
}

/** The lane of this process. */
export const diskSyncs = new SyncLane();
