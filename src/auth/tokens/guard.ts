import type { Standing } from '../../lib/streams/turn.ts';
import type { Attempt, SignIn } from './sign-in.ts';

/** Not tried, since too much before it was wrong; `message` is for the person in front of the client. */
export interface Throttled {
  readonly kind: 'throttled';
  readonly seconds: number;
  readonly message: string;
}

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
