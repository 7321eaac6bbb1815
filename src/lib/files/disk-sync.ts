/** Half of the four threads that libuv starts by default. */
const DEFAULT_LIMIT = 2;

/**
 * Syncs data to the disk, a limited number of operations at a time. Each fsync occupies a thread of the pool that reads
 * need too, and a slow disk occupies it for seconds: the limit leaves threads to the reads. Operations over the limit
 * wait in the order of their arrival.
 */
class SyncLane {
  #limit = DEFAULT_LIMIT;
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  /** Sets the size of the thread pool. A quarter of the threads, and at least two, never wait for the disk to confirm a write. */
  setThreads(threads: number): void {
    this.#limit = Math.max(1, threads - Math.max(2, Math.ceil(threads / 4)));
  }

  /** How many operations may run at the same time. */
  get limit(): number {
    return this.#limit;
  }

  /** Runs the operation as soon as a thread may be used for it. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running >= this.#limit) await new Promise<void>((resolve) => void this.#waiting.push(resolve));
    else this.#running += 1;
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      // The next operation takes over the thread, so that no other one can take it first.
      if (next === undefined) this.#running -= 1;
      else next();
    }
  }
}

/** The one of this process. */
export const diskSyncs = new SyncLane();
