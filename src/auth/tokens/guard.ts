import type { Secret } from '../../lib/secret.ts';
import type { Standing } from '../../lib/streams/turn.ts';
import type { Principal } from '../principal.ts';

/** A name and a secret as a client sent them, and from where. */
export interface Attempt {
  readonly user: string;
  readonly password: Secret<string>;
  readonly address: string;
}

/** Not tried, since too much before it was wrong; `message` is for the person in front of the client. */
export interface Throttled {
  readonly kind: 'throttled';
  readonly seconds: number;
  readonly message: string;
}

/** `busy`: too many passwords are being checked at this moment; the client should come back. */
export type SignIn =
  | { readonly kind: 'verified'; readonly principal: Principal }
  | { readonly kind: 'rejected' }
  | { readonly kind: 'busy' }
  | Throttled;

/** Stands before the verification of what clients show, and hears how it ended. */
export interface SignInGuard {
  /** What `check` says of a password, or that it was not asked. */
  password(attempt: Attempt, check: (standing: Standing) => Promise<SignIn>): Promise<SignIn>;
  /** A token, or the secret of a machine, that is none. Undefined: to be answered as wrong. */
  wrongToken(secret: string, address: string): Promise<Throttled | undefined>;
}

/** Lets everything be tried. */
export const UNGUARDED: SignInGuard = {
  password: (_attempt, check) => check('stranger'),
  wrongToken: async () => undefined,
};
