import type { Standing } from '../../lib/streams/turn.ts';
import type { CountKind, CountKey } from './ledger.ts';

/** An attempt to sign in with a password that has to be verified. */
export interface Attempt {
  /** As in `CountKey`. */
  readonly user: string;
  readonly network: string;
  /** Keyed hash of the name, the password and the stored hash. The same guess has the same id. */
  readonly id: string;
}

/** What to undo if the password is right or could not be verified. */
export interface Ticket {
  readonly counted: readonly { readonly key: CountKey; readonly count: number; readonly blockedMs: number }[];
  /** Whether the same guess was being verified already. Then only that one counts, unless it has no result. */
  readonly isDuplicate: boolean;
}

export type Admission =
  | { readonly kind: 'admitted'; readonly standing: Standing; readonly ticket: Ticket }
  /** The same guess was wrong recently: it is neither counted nor verified again. */
  | { readonly kind: 'wrong-again' }
  | { readonly kind: 'blocked'; readonly by: CountKind; readonly waitMs: number };

/** `busy`: not verified, since too many attempts were waiting. `unknown`: the verification failed. */
export type CheckResult = 'right' | 'wrong' | 'busy' | 'unknown';

export interface Block extends CountKey {
  readonly failures: number;
  readonly blockedMs: number;
}

/** What to forget: the counts of this user, as in `CountKey`, or of this network; without both, all counts. */
export interface UnlockFilter {
  readonly user?: string | undefined;
  readonly network?: string | undefined;
}
