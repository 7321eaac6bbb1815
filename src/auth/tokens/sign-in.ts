import { siteOf } from '../../lib/network.ts';
import type { Turn } from '../../lib/streams/turn.ts';
import type { Guard, Throttled } from '../abuse/guard.ts';
import type { BasicCredentials, SentCredentials } from '../basic-credentials.ts';
import type { UserDirectory, Verdict } from '../directory.ts';
import type { Principal } from '../principal.ts';
import type { Principals } from './principals.ts';
import type { TokenStore } from './store/token-store.ts';
import type { UseLog } from './store/use-log.ts';
import { readSecret } from './store/secret-text.ts';

/** Verifies the passwords of users: an `Authenticator`. */
export interface PasswordCheck {
  remembered(credentials: BasicCredentials): string | undefined;
  authenticate(credentials: BasicCredentials, turn: Turn): Promise<Verdict>;
}

/** `busy`: no password can be verified at this moment; the client should try again later. */
type SignIn =
  | {
      readonly kind: 'verified';
      readonly principal: Principal;
      /**
       * The version of the credential that was verified; undefined for a machine. What is given out for this sign-in is
       * bound to this version, and not to the one of a later moment: the password may have been changed meanwhile.
       */
      readonly version: string | undefined;
    }
  | { readonly kind: 'rejected' }
  | { readonly kind: 'busy' }
  | Throttled;

interface SignInCheckOptions {
  readonly passwords: PasswordCheck;
  readonly tokens: Pick<TokenStore, 'current'>;
  readonly uses: Pick<UseLog, 'record'>;
  readonly principals: Pick<Principals, 'user' | 'machine'>;
  readonly guard: Pick<Guard, 'password' | 'wrongToken'>;
  readonly directory: Pick<UserDirectory, 'credentialVersion'>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

export interface SignInCheck {
  /** The principal, if it can be told at once: by a machine token, or by a password that was verified a short while ago. */
  remembered(sent: SentCredentials): Principal | undefined;
  /** Verifies the credentials if need be. Never rejects. */
  signIn(sent: SentCredentials): Promise<SignIn>;
}

/** Tells users and machines apart by the form of the secret: the secret of a machine is never tried as a password. */
export function createSignInCheck(options: SignInCheckOptions): SignInCheck {
  const { passwords, tokens, uses, principals, guard, directory, now } = options;
  const machine = (sent: SentCredentials): Principal | undefined => {
    const token = tokens.current().authenticate(sent, now());
    if (token === undefined) return undefined;
    uses.record(token.id);
    return principals.machine(token);
  };

  return {
    remembered: (sent) => {
      if (isMachineSecret(sent)) return machine(sent);
      const user = passwords.remembered(sent);
      return user === undefined ? undefined : principals.user(user);
    },
    signIn: async (sent) => {
      if (isMachineSecret(sent)) {
        const principal = machine(sent);
        if (principal !== undefined) return { kind: 'verified', principal, version: undefined };
        return (await guard.wrongToken(sent.password.reveal(), sent.address)) ?? { kind: 'rejected' };
      }
      const before = directory.credentialVersion(sent.user);
      const verified = (user: string): SignIn => ({
        kind: 'verified',
        principal: principals.user(user),
        version: directory.credentialVersion(user),
      });
      const known = passwords.remembered(sent);
      if (known !== undefined) return verified(known);
      const signIn = await guard.password<SignIn>(sent, async (standing) => {
        const verdict = await passwords.authenticate(sent, { standing, site: siteOf(sent.address) });
        return verdict.kind === 'verified' ? verified(verdict.user) : verdict;
      });
      // The answer may have been delayed, and a password that was right when it was sent may be the old one by now.
      const isSame = before === undefined || directory.credentialVersion(sent.user) === before;
      return signIn.kind === 'verified' && !isSame ? { kind: 'busy' } : signIn;
    },
  };
}

function isMachineSecret({ password }: BasicCredentials): boolean {
  return readSecret('machine', password.reveal()) !== undefined;
}
