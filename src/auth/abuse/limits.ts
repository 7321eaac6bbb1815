/** How much guessing is borne. Durations in milliseconds. */
export interface Limits {
  /** Different wrong passwords of one user from one network before it is blocked. */
  readonly perPair: number;
  /** Of one network, over all users; tokens that are none have as many of their own. */
  readonly perNetwork: number;
  /** Of one user, over all networks. */
  readonly perUser: number;
  /** How long a wrong password counts: from the first one on, all together. */
  readonly windowMs: number;
  /** Where the growth of blocks ends. */
  readonly longestBlockMs: number;
}

const FIRST_BLOCK_MS = 30_000;
/** Wrong passwords that cost no more than the hash: a typo, the other password, Caps Lock. */
const UNDELAYED = 3;
const FIRST_DELAY_MS = 250;
/** Well below the 15 s after which docker gives up. */
const LONGEST_DELAY_MS = 4000;

/** How long nothing is tried after the failure that reached the limit (1), and after each that follows. */
export function blockMs(
  failuresFromLimit: number,
  { longestBlockMs }: Pick<Limits, 'longestBlockMs'>,
): number {
  return Math.min(longestBlockMs, FIRST_BLOCK_MS * 2 ** Math.min(30, failuresFromLimit - 1));
}

/** How long the answer to a wrong password waits, by how many there were. */
export function delayMs(failures: number): number {
  if (failures <= UNDELAYED) return 0;
  return Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.min(30, failures - UNDELAYED - 1));
}
