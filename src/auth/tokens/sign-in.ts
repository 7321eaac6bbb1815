import { siteOf } from '../../lib/network.ts';
import type { Turn } from '../../lib/streams/turn.ts';
import type { Guard, Throttled } from '../abuse/guard.ts';
import type { BasicCredentials, SentCredentials } from '../basic-credentials.ts';
import type { Verdict } from '../directory.ts';
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
  | { readonly kind: 'verified'; readonly principal: Principal }
  | { readonly kind: 'rejected' }
  | { readonly kind: 'busy' }
  | Throttled;

interface SignInCheckOptions {
  readonly passwords: PasswordCheck;
  readonly tokens: Pick<TokenStore, 'current'>;
  readonly uses: Pick<UseLog, 'record'>;
  readonly principals: Pick<Principals, 'user' | 'machine'>;
  readonly guard: Pick<Guard, 'password' | 'wrongToken'>;
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
  const { passwords, tokens, uses, principals, guard, now } = options;
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
        if (principal !== undefined) return { kind: 'verified', principal };
        return (await guard.wrongToken(sent.password.reveal(), sent.address)) ?? { kind: 'rejected' };
      }
      const known = passwords.remembered(sent);
      if (known !== undefined) return { kind: 'verified', principal: principals.user(known) };
      return guard.password<SignIn>(sent, async (standing) => {
        const verdict = await passwords.authenticate(sent, { standing, site: siteOf(sent.address) });
        if (verdict.kind !== 'verified') return verdict;
        return { kind: 'verified', principal: principals.user(verdict.user) };
      });
    },
  };
}

function isMachineSecret({ password }: BasicCredentials): boolean {
  return readSecret('machine', password.reveal()) !== undefined;
}
