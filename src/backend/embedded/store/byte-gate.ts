interface Waiting {
  readonly bytes: number;
  readonly enter: () => void;
}

/** Lets work begin as long as what it holds in memory fits; the rest waits in the order in which it came. */
export class ByteGate {
  readonly #capacity: number;
  readonly #waiting: Waiting[] = [];
  #held = 0;

  /** `capacity`: bytes that are held at one time. Work that needs more alone is counted as that much. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Does the work when there is room for its bytes. */
  async run<T>(bytes: number, work: () => Promise<T>): Promise<T> {
    const size = Math.min(bytes, this.#capacity);
    if (this.#waiting.length > 0 || this.#held + size > this.#capacity) {
      await new Promise<void>((enter) => this.#waiting.push({ bytes: size, enter }));
    } else this.#held += size;
    try {
      return await work();
    } finally {
      this.#held -= size;
      this.#letIn();
    }
  }

  #letIn(): void {
    for (let [next] = this.#waiting; next !== undefined; [next] = this.#waiting) {
      if (this.#held + next.bytes > this.#capacity) return;
      this.#waiting.shift();
      this.#held += next.bytes;
      next.enter();
    }
  }
}
