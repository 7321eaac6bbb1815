/** What was saved up while nothing moved, and what a late timer lost: as much as passes in this time, in milliseconds. */
export const BURST_MS = 100;

/**
 * A token bucket that may be overdrawn: bytes are charged when they have passed, and the next ones wait until the debt is
 * paid. So nothing is held to be measured, and who shares a bucket gets piece after piece in turn.
 */
export class Bucket {
  readonly #now: () => number;
  /** Bytes in a millisecond. */
  readonly #rate: number;
  #share = 1;
  #credit = 0;
  #at: number;

  /** `now` are monotonic milliseconds. */
  constructor(bytesPerSecond: number, now: () => number) {
    this.#rate = bytesPerSecond / 1000;
    this.#now = now;
    this.#at = now();
  }

  charge(bytes: number): void {
    this.#fill();
    this.#credit -= bytes;
  }

  /** How long until the debt is paid, in milliseconds. */
  wait(): number {
    this.#fill();
    return this.#credit >= 0 ? 0 : -this.#credit / (this.#rate * this.#share);
  }

  /** What part of the rate is for this process, above 0 and at most 1. */
  setShare(share: number): void {
    this.#fill();
    this.#share = share;
  }

  #fill(): void {
    const at = this.#now();
    const rate = this.#rate * this.#share;
    this.#credit = Math.min(this.#credit + (at - this.#at) * rate, rate * BURST_MS);
    this.#at = at;
  }
}
