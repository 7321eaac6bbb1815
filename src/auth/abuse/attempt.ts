import { siteOfNetwork } from '../../lib/network.ts';
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

/** The counts that an attempt belongs to. */
interface CountKeys {
  readonly pair: CountKey;
  /** Counted beside `pair`: the customer of a provider has an IPv6 /48 or /56, which is thousands of networks. */
  readonly site: CountKey | undefined;
  readonly network: CountKey;
  /** All networks of the /48 together. */
  readonly networkSite: CountKey | undefined;
  readonly user: CountKey;
}

export function countKeysOf({ user, network }: Attempt): CountKeys {
  const site = siteOfNetwork(network);
  return {
    pair: { kind: 'user-and-network', network, user },
    site: site === undefined ? undefined : { kind: 'user-and-network', network: site, user },
    network: { kind: 'network', network, user: '' },
    networkSite: site === undefined ? undefined : { kind: 'network', network: site, user: '' },
    user: { kind: 'user', network: '', user },
  };
}
