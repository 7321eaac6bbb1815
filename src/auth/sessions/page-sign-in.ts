import type { Secret } from '../../lib/secret.ts';
import type { Throttled } from '../abuse/guard.ts';
import type { SentCredentials } from '../basic-credentials.ts';
import type { Principal } from '../principal.ts';
import type { SignInCheck } from '../tokens/sign-in.ts';
import type { Sessions } from './sessions.ts';

type PageSignIn =
  | { readonly kind: 'signed-in'; readonly principal: Principal; readonly secret: Secret<string> }
  | { readonly kind: 'rejected' }
  /** The secret of a machine, which is right: pages are for people. */
  | { readonly kind: 'machine' }
  /** No password can be verified at this moment; the user should try again after so many seconds. */
  | { readonly kind: 'busy'; readonly seconds: number }
  | Throttled;

interface PageSignInOptions {
  readonly check: Pick<SignInCheck, 'signIn'>;
  readonly sessions: Pick<Sessions, 'begin' | 'use' | 'end'>;
}

/** What a browser sends to sign in. `cookie` is the secret of the session that it has. */
interface SignInForm extends SentCredentials {
  readonly agent: string;
  readonly cookie: string | undefined;
}

const BUSY = { kind: 'busy', seconds: 5 } as const;

/**
 * Returns a function that signs a browser in to the pages: by the same check, the same throttle and the same order as
 * every other sign-in. The session that the browser had ends. Rejects with an AppError if no session can be stored.
 */
export function createPageSignIn({
  check,
  sessions,
}: PageSignInOptions): (form: SignInForm) => Promise<PageSignIn> {
  return async ({ agent, cookie, ...sent }) => {
    const verdict = await check.signIn(sent);
    if (verdict.kind === 'busy') return BUSY;
    if (verdict.kind !== 'verified') return verdict;
    const { principal, version } = verdict;
    if (principal.kind !== 'user') return { kind: 'machine' };
    if (version === undefined) return { kind: 'rejected' };
    const secret = await sessions.begin({ name: principal.name, version }, { agent, address: sent.address });
    const old = cookie === undefined ? undefined : await sessions.use(cookie);
    if (old !== undefined) await sessions.end(old.user, old.id);
    return { kind: 'signed-in', principal, secret };
  };
}
