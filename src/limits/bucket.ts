/** The most credit, as the time in which it passes, in milliseconds: makes up for idle moments and late timers. */
export const BURST_MS = 100;

/**
 * A token bucket that may be overdrawn: bytes are charged as they pass, and the next ones wait until the debt is paid. No
 * byte is held back to be measured, and transfers that share a bucket move piece by piece in turn.
 */
export class Bucket {
  readonly #now: () => number;
  /** Bytes per millisecond. */
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

  /** Sets the share of the rate for this process, above 0 and at most 1. */
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
