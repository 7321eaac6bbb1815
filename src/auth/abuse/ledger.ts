import { printable } from '../../lib/printable.ts';

/** What failures are counted under. `network` or `user` is empty where all of them are meant. */
export interface Place {
  readonly kind: Kind;
  readonly network: string;
  /** `=alice` for somebody in the users file; `#` and a keyed hash for a name that nobody has, since people type passwords there. */
  readonly user: string;
}

export type Kind = 'user-and-network' | 'network' | 'user' | 'tokens';

export interface TakeRule {
  /** From this count on one attempt at a time is let through, and then none until the block ends. */
  readonly limit: number;
  /** How long the block is that the attempt with this count begins. */
  readonly blockMs: (count: number) => number;
  /** Without it the attempt is counted and let through. */
  readonly enforced: boolean;
}

export type Taken =
  | {
      readonly ok: true;
      /** This attempt included. */
      readonly count: number;
      /** How long this attempt blocks those after it; 0 where it doesn't. */
      readonly blockedMs: number;
    }
  | { readonly ok: false; readonly waitMs: number };

export interface LedgerRow extends Place {
  readonly failures: number;
  readonly blockedMs: number;
}

/**
 * Counts attempts by place. Each counts as a failure as soon as it begins, so that a thousand at once are not all let
 * through before the first has failed; one that was none is given back.
 */
export interface Ledger {
  take(place: Place, rule: TakeRule): Promise<Taken>;
  /** Takes back what `take` has counted; `block` too, where it has begun one. */
  giveBack(place: Place, block: boolean): Promise<void>;
  /** Forgets the place. */
  forget(place: Place): Promise<void>;
  /** All places with a failure, at most so many, those first that are blocked for the longest time. */
  rows(most: number): Promise<readonly LedgerRow[]>;
  /** Forgets all places of which this is true; how many they were. */
  forgetWhere(matches: (place: Place) => boolean): Promise<number>;
}

/** The place as one word. No address holds a bar, and the user comes last. */
export function placeKey({ kind, network, user }: Place): string {
  return `${kind}|${network}|${user}`;
}

const KINDS: ReadonlySet<string> = new Set<Kind>(['user-and-network', 'network', 'user', 'tokens']);

/** The inverse of placeKey; undefined for what it never writes. */
export function parsePlace(key: string): Place | undefined {
  const [kind = '', network = '', ...user] = key.split('|');
  return isKind(kind) && user.length > 0 ? { kind, network, user: user.join('|') } : undefined;
}

const NETWORK = /^[\da-fA-F.:]{0,45}(?:\/\d{1,3})?$/;
/** `#` and the beginning of a keyed hash. */
const STRANGER = /^#[\w+/]{16}$/;
const LONGEST_USER = 256;

/** Whether a gate may have written this place: an address or a network, and a name that can stand in a users file. */
export function isWritten({ network, user }: Place): boolean {
  const isUser = user === '' || STRANGER.test(user) || (user.startsWith('=') && user.length <= LONGEST_USER);
  return isUser && NETWORK.test(network) && printable(user) === user;
}

function isKind(word: string): word is Kind {
  return KINDS.has(word);
}

/** At most so many rows, what is blocked for the longest time first, then what failed most. */
export function worstOf(rows: readonly LedgerRow[], most: number): readonly LedgerRow[] {
  return rows
    .toSorted((one, other) => other.blockedMs - one.blockedMs || other.failures - one.failures)
    .slice(0, most);
}
