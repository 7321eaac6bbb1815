import { siteOf } from '../../lib/network.ts';
import type { Turn } from '../../lib/streams/turn.ts';
import type { Attempt, SignIn, SignInGuard } from './guard.ts';
import type { Principal } from '../principal.ts';
import type { Principals } from './principals.ts';
import type { TokenStore } from './store/token-store.ts';
import type { UseLog } from './store/use-log.ts';
import { readSecret } from './store/secret-text.ts';

/** What checks the passwords of people. */
export interface PasswordCheck {
  remembered(credentials: Pick<Attempt, 'user' | 'password'>): string | undefined;
  authenticate(
    credentials: Pick<Attempt, 'user' | 'password'>,
    turn: Turn,
  ): Promise<{ readonly kind: 'verified'; readonly user: string } | { readonly kind: 'rejected' | 'busy' }>;
}

export interface SignInCheckOptions {
  readonly passwords: PasswordCheck;
  readonly tokens: Pick<TokenStore, 'current'>;
  readonly uses: Pick<UseLog, 'record'>;
  readonly principals: Pick<Principals, 'user' | 'machine'>;
  readonly guard: SignInGuard;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

export interface SignInCheck {
  /** Who this is, where that can be told at once: a machine token, or a password that was verified a short while ago. */
  remembered(attempt: Attempt): Principal | undefined;
  /** Who this is, verified if need be. Never rejects. */
  signIn(attempt: Attempt): Promise<SignIn>;
}

/** Tells people and machines apart by the form of the secret: what has the form of a machine token is never tried as a password. */
export function createSignInCheck({
  passwords,
  tokens,
  uses,
  principals,
  guard,
  now,
}: SignInCheckOptions): SignInCheck {
  const machine = ({ user, password, address }: Attempt): Principal | undefined => {
    const attempt = { name: user, secret: password.reveal(), address };
    const token = tokens.current().authenticate(attempt, now());
    if (token === undefined) return undefined;
    uses.record(token.id);
    return principals.machine(token);
  };

  return {
    remembered: (attempt) => {
      if (isMachineSecret(attempt)) return machine(attempt);
      const user = passwords.remembered(attempt);
      return user === undefined ? undefined : principals.user(user);
    },
    signIn: async (attempt) => {
      if (isMachineSecret(attempt)) {
        const principal = machine(attempt);
        if (principal !== undefined) return { kind: 'verified', principal };
        return (await guard.wrongToken(attempt.password.reveal(), attempt.address)) ?? { kind: 'rejected' };
      }
      const known = passwords.remembered(attempt);
      if (known !== undefined) return { kind: 'verified', principal: principals.user(known) };
      return guard.password(attempt, async (standing) => {
        const turn = { standing, site: siteOf(attempt.address) };
        const verdict = await passwords.authenticate(attempt, turn);
        return verdict.kind === 'verified'
          ? { kind: 'verified', principal: principals.user(verdict.user) }
          : verdict;
      });
    },
  };
}

function isMachineSecret({ password }: Attempt): boolean {
  return readSecret('machine', password.reveal()) !== undefined;
}
