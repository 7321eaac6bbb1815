interface Waiter {
  readonly bytes: number;
  readonly enter: () => void;
}

/** Runs work while the bytes that it holds in memory fit; other work waits in order of arrival. */
export class ByteSemaphore {
  readonly #capacity: number;
  readonly #waiting: Waiter[] = [];
  #held = 0;

  /** `capacity`: the most bytes held at one time. Work that needs more counts as that many. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Runs the work when its bytes fit. */
  async run<T>(bytes: number, work: () => Promise<T>): Promise<T> {
    const size = Math.min(bytes, this.#capacity);
    if (this.#waiting.length > 0 || this.#held + size > this.#capacity) {
      await new Promise<void>((enter) => this.#waiting.push({ bytes: size, enter }));
    } else this.#held += size;
    try {
      return await work();
    } finally {
      this.#held -= size;
      this.#admit();
    }
  }

  #admit(): void {
    for (let [next] = this.#waiting; next !== undefined; [next] = this.#waiting) {
      if (this.#held + next.bytes > this.#capacity) return;
      this.#waiting.shift();
      this.#held += next.bytes;
      next.enter();
    }
  }
}
