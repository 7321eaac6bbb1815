import { printable } from '../../lib/printable.ts';

/** What failures are counted by. An empty `network` or `user` stands for all of them. */
export interface CountKey {
  readonly kind: CountKind;
  readonly network: string;
  /**
   * `=alice` for a user in the users file; `#` and a keyed hash for any other name, since people type passwords there.
   */
  readonly user: string;
}

export type CountKind = 'user-and-network' | 'network' | 'user' | 'tokens';

export interface CountRule {
  /** From this count on, one attempt at a time is let through, and no other until the block ends. */
  readonly limit: number;
  /** The length of the block that the attempt with this count begins. */
  readonly blockMs: (count: number) => number;
  /** If false, the attempt is counted and let through. */
  readonly enforced: boolean;
}

export type Counted =
  | {
      readonly ok: true;
      /** Includes this attempt. */
      readonly count: number;
      /** How long this attempt blocks later ones; 0 if it does not. */
      readonly blockedMs: number;
    }
  | { readonly ok: false; readonly waitMs: number };

export interface LedgerRow extends CountKey {
  readonly failures: number;
  readonly blockedMs: number;
}

/**
 * Counts failed attempts. Each counts as soon as it begins, so that a thousand concurrent attempts are not let through
 * before the first has failed. An attempt that did not fail is uncounted.
 */
export interface Ledger {
  count(key: CountKey, rule: CountRule): Promise<Counted>;
  /** Undoes what `count` has counted, and with `block` the block that it began. */
  uncount(key: CountKey, block: boolean): Promise<void>;
  /** Removes the count. */
  remove(key: CountKey): Promise<void>;
  /** Returns up to `most` counts above zero, the longest blocks first. */
  rows(most: number): Promise<readonly LedgerRow[]>;
  /** Removes all counts that match. Returns their number. */
  removeWhere(matches: (key: CountKey) => boolean): Promise<number>;
}

/** Renders a key as one word. No address holds a bar, and the user comes last. */
export function renderKey({ kind, network, user }: CountKey): string {
  return `${kind}|${network}|${user}`;
}

const KINDS: ReadonlySet<string> = new Set<CountKind>(['user-and-network', 'network', 'user', 'tokens']);

/** The inverse of `renderKey`; undefined for text that it never returns. */
export function parseKey(text: string): CountKey | undefined {
  const [kind = '', network = '', ...user] = text.split('|');
  return isKind(kind) && user.length > 0 ? { kind, network, user: user.join('|') } : undefined;
}

const NETWORK = /^[\da-fA-F.:]{0,45}(?:\/\d{1,3})?$/;
/** `#` and the beginning of a keyed hash. */
const STRANGER = /^#[\w+/]{16}$/;
const LONGEST_USER = 256;

/**
 * Reports whether a gate may have written this key: it holds an address or a network, and a name that a users file may
 * hold.
 */
export function isWellFormed({ network, user }: CountKey): boolean {
  const isUser = user === '' || STRANGER.test(user) || (user.startsWith('=') && user.length <= LONGEST_USER);
  return isUser && NETWORK.test(network) && printable(user) === user;
}

function isKind(word: string): word is CountKind {
  return KINDS.has(word);
}

/** Returns up to `most` rows, the longest blocks first, then the most failures. */
export function worstOf(rows: readonly LedgerRow[], most: number): readonly LedgerRow[] {
  return rows
    .toSorted((one, other) => other.blockedMs - one.blockedMs || other.failures - one.failures)
    .slice(0, most);
}
