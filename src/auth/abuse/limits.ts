/** How many wrong guesses are tolerated. Durations in milliseconds. */
export interface ThrottleLimits {
  /** Different wrong passwords of one user from one network before it is blocked. */
  readonly perPair: number;
  /** Of one network, over all users. Invalid tokens have the same limit, counted separately. */
  readonly perNetwork: number;
  /** Of one user, over all networks. */
  readonly perUser: number;
  /** The counting window, which begins with the first wrong password. */
  readonly windowMs: number;
  /** The longest block. */
  readonly longestBlockMs: number;
}

const FIRST_BLOCK_MS = 30_000;
/** Wrong passwords without a delay: a typo, the other password, Caps Lock. */
const UNDELAYED = 3;
const FIRST_DELAY_MS = 250;
/** Well below the 15 s after which docker gives up. */
const LONGEST_DELAY_MS = 4000;

/** Returns how long attempts are blocked after the failure that reached the limit (1) and after each later one. */
export function blockMs(
  failuresFromLimit: number,
  { longestBlockMs }: Pick<ThrottleLimits, 'longestBlockMs'>,
): number {
  return Math.min(longestBlockMs, FIRST_BLOCK_MS * 2 ** Math.min(30, failuresFromLimit - 1));
}

/** Returns how long the answer to a wrong password is delayed after this many failures. */
export function delayMs(failures: number): number {
  if (failures <= UNDELAYED) return 0;
  return Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.min(30, failures - UNDELAYED - 1));
}
