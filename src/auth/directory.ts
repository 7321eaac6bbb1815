import type { Turn } from '../lib/streams/turn.ts';
import type { BasicCredentials } from './basic-credentials.ts';

/** `busy`: the directory can't verify a password at this moment; the client should try again later. */
export type Verdict =
  /** `user` is the name as the directory has it. */
  | { readonly kind: 'verified'; readonly user: string }
  | { readonly kind: 'rejected' }
  | { readonly kind: 'busy' };

/**
 * What knows the users and their passwords: an htpasswd file, or a service. Names and groups are the directory's own
 * texts, not parts of a request. For example, a directory of one user whose password is set once:
 *
 *     const directory: UserDirectory = {
 *       authenticate: async ({ user, password }) =>
 *         user === 'alice' && password.reveal() === 'secret' ? { kind: 'verified', user: 'alice' } : { kind: 'rejected' },
 *       credentialVersion: (user) => (user === 'alice' ? '1' : undefined),
 *       groups: () => GROUPS,
 *     };
 */
export interface UserDirectory {
  /** Verifies a name and a password, neither of them empty. A name that does not exist must take as long as one that does. Never rejects. */
  authenticate(credentials: BasicCredentials, turn?: Turn): Promise<Verdict>;
  /**
   * A text that changes with what the user signs in with; undefined for a name that does not exist. When it changes, the
   * remembered passwords and the tokens of the user end. Called for each request, so it answers at once. It may be a
   * secret, such as a stored hash: it is fingerprinted before it leaves the process.
   */
  credentialVersion(user: string): string | undefined;
  /** The groups of the user: the same list until they change. Called for each request. */
  groups(user: string): readonly string[];
  /** The part of a password that the directory looks at: two passwords with the same part are one guess. Default: all of it. */
  comparedPart?(user: string, password: string): string;
}
