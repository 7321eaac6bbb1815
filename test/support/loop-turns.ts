import { hash } from 'node:crypto';

/**
 * Turns of the loop of this thread, in processor time: other than the delay of a timer it is the same under whatever
 * load, and no turn is missed.
 */
export class Turns {
  longestMs = 0;
  #last = process.threadCpuUsage();
  #goesOn = true;

  constructor() {
    const turn = (): void => {
      const { user, system } = process.threadCpuUsage(this.#last);
      this.#last = process.threadCpuUsage();
      this.longestMs = Math.max(this.longestMs, (user + system) / 1000);
      if (this.#goesOn) setImmediate(turn);
    };
    setImmediate(turn);
  }

  stop(): void {
    this.#goesOn = false;
  }
}

const HASH_MS = 4;

/** How much slower this machine is than one that hashes 4 MiB in 4 ms, of which bounds in milliseconds are: the median of a few hashes. */
export function slowness(): number {
  const bytes = Buffer.alloc(4 * 1024 * 1024, 'a');
  const times = Array.from({ length: 9 }, () => {
    const before = process.threadCpuUsage();
    hash('sha256', bytes, 'hex');
    const { user, system } = process.threadCpuUsage(before);
    return (user + system) / 1000;
  });
  return Math.max(1, (times.toSorted((one, other) => one - other)[4] ?? 0) / HASH_MS);
}
