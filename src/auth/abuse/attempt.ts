import type { Standing } from '../../lib/streams/turn.ts';
import type { Kind, Place } from './ledger.ts';

/** Somebody wants to sign in by a password that has to be verified. */
export interface Attempt {
  /** Of a Place. */
  readonly user: string;
  readonly network: string;
  /** Keyed hash of name, password and the hash that it is checked against: the same guess has the same. */
  readonly id: string;
}

/** What has to be undone where the password is right, or could not be verified. */
export interface Ticket {
  readonly taken: readonly { readonly place: Place; readonly count: number; readonly blockedMs: number }[];
  /** Whether the same guess was being verified already: then that one counts, unless it comes to nothing. */
  readonly follows: boolean;
}

export type Admission =
  | { readonly kind: 'admitted'; readonly standing: Standing; readonly ticket: Ticket }
  /** The same guess was wrong a while ago: nothing is counted, and nothing needs to be computed. */
  | { readonly kind: 'wrong-again' }
  | { readonly kind: 'blocked'; readonly by: Kind; readonly waitMs: number };

/** `busy`: it was not verified, since too many others were. `unknown`: something failed. */
export type Outcome = 'right' | 'wrong' | 'busy' | 'unknown';

export interface Block extends Place {
  readonly failures: number;
  readonly blockedMs: number;
}

/** What to forget: what has to do with this user, of a Place, or this network; without both, everything. */
export interface Unlocking {
  readonly user?: string | undefined;
  readonly network?: string | undefined;
}
