import { createExpiringMap, type ExpiringMap } from '../../lib/expiring-map.ts';
import type { Standing } from '../../lib/streams/turn.ts';
import { countKeysOf, type Admission, type Attempt } from './attempt.ts';
import { renderKey } from './ledger.ts';

interface HistoryOptions {
  /** How long a wrong guess is remembered. */
  readonly windowMs: number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Memory for each kind of entry, in bytes. */
  readonly maxBytes?: number;
}

/** Some 15,000 entries of each kind. */
const MAX_BYTES = 4 * 1024 * 1024;
/** After this time a guess without a result is no longer pending: its process has died. */
const PENDING_MS = 60_000;
/** A promise and its result. */
const PENDING_BYTES = 1024;
/** How long the history remembers that a credential was right, and from which network a user has signed in. */
const TRUST_MS = 30 * 86_400_000;

/** What a gate remembers about attempts besides their counts. Bounded in size; the oldest entries are dropped first. */
export class History {
  /** Wrong guesses, by `guessKey`. */
  readonly wrongHere: ExpiringMap<true>;
  /** Wrong guesses, by their id alone. */
  readonly wrongAnywhere: ExpiringMap<true>;
  /** Guesses that are being verified, by `guessKey`. */
  readonly pending: ExpiringMap<Promise<Admission>>;
  /** How many attempts of a network were refused unverified and count there. */
  readonly busy: ExpiringMap<number>;
  readonly #wasRight: ExpiringMap<true>;
  readonly #signedInFrom: ExpiringMap<true>;
  readonly #cameFrom: ExpiringMap<true>;

  constructor({ windowMs, now, maxBytes = MAX_BYTES }: HistoryOptions) {
    const guesses = { maxBytes, ttl: windowMs, now };
    const trusted = { maxBytes, ttl: TRUST_MS, now };
    this.wrongHere = createExpiringMap(guesses);
    this.wrongAnywhere = createExpiringMap(guesses);
    this.busy = createExpiringMap(guesses);
    this.pending = createExpiringMap({ ...guesses, ttl: PENDING_MS, bytesOf: () => PENDING_BYTES });
    this.#wasRight = createExpiringMap(trusted);
    this.#signedInFrom = createExpiringMap(trusted);
    this.#cameFrom = createExpiringMap(trusted);
  }

  /** Returns what is known about the client that makes the attempt. */
  standingOf({ id, network }: Attempt): Standing {
    if (this.#wasRight.get(id) !== undefined) return 'proven';
    return this.#cameFrom.get(network) === undefined ? 'stranger' : 'regular';
  }

  /** Reports whether this user has signed in from this network before. */
  hasSignedInFromHere(attempt: Attempt): boolean {
    return this.#signedInFrom.get(renderKey(countKeysOf(attempt).pair)) !== undefined;
  }

  recordSuccess(attempt: Attempt): void {
    this.#wasRight.set(attempt.id, true);
    this.#signedInFrom.set(renderKey(countKeysOf(attempt).pair), true);
    this.#cameFrom.set(attempt.network, true);
  }
}

/** Identifies the same guess from the same network. */
export function guessKey({ id, network }: Omit<Attempt, 'user'>): string {
  return `${id} ${network}`;
}
