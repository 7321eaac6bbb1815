import type { Secret } from '../../lib/secret.ts';
import { intersectAccess, renderScopes } from '../../oci/request/scope.ts';
import type { Access } from '../../oci/request/scope.ts';
import type { AccessTokens } from './access-tokens.ts';
import type { SignInGuard } from './guard.ts';
import { ANONYMOUS } from './store/holder.ts';
import type { Holder } from './store/holder.ts';
import type { IdentityStore } from './store/identity-store.ts';
import type { SignInCheck } from './sign-in.ts';
import { refusals } from './token-answer.ts';
import type { TokenAnswer } from './token-answer.ts';
import type { FormOutcome, TokenForm } from './token-form.ts';

/** Who asks, as far as the request says. */
export interface TokenAsker {
  readonly address: string;
  readonly agent: string;
  /** The `Authorization` header; `anonymous` stands for none and for one without name and password. */
  readonly authorization:
    | { readonly kind: 'anonymous' | 'malformed' }
    | {
        readonly kind: 'credentials';
        readonly credentials: { readonly user: string; readonly password: Secret<string> };
      };
}

export interface TokenServiceOptions {
  /** The one service that tokens are given out for. */
  readonly service: string;
  /** Of the challenge that goes with a refusal. */
  readonly realm: string;
  readonly tokens: Pick<AccessTokens, 'issue'>;
  readonly check: Pick<SignInCheck, 'signIn'>;
  readonly guard: Pick<SignInGuard, 'wrongToken'>;
  /** Undefined where identity tokens are switched off. */
  readonly identities: Pick<IdentityStore, 'issue' | 'redeem'> | undefined;
  /** What a holder may do, of what was asked, from this address. */
  readonly grants: (holder: Holder, asked: readonly Access[], address: string) => readonly Access[];
  /** Whether a machine token may be used from this address. */
  readonly admits: (holder: Holder, address: string) => boolean;
  /** Whether any rule speaks of people who have not signed in. */
  readonly anonymous: () => boolean;
  /** Told why an identity token could not be written down: the client then keeps the password, as without one. */
  readonly onError: (error: unknown) => void;
}

type Found =
  | { readonly holder: Holder; readonly refresh?: Secret<string> }
  | { readonly refusal: TokenAnswer };

/**
 * The token service (distribution: token authentication, and its OAuth2 form). Fewer rights than asked for are a smaller
 * token and not an error; wrong credentials are never a token of less. Never rejects for anything a client sends.
 */
export function createTokenService(
  options: TokenServiceOptions,
): (asked: FormOutcome, asker: TokenAsker) => Promise<TokenAnswer> {
  const answers = refusals(options.realm);
  return async (asked, asker) => {
    if (!asked.ok) return answers.invalid(asked.error, asked.reason);
    const { form } = asked;
    if (form.service !== undefined && form.service !== options.service) {
      return answers.invalid('invalid_request', 'no tokens for that service are given out here');
    }
    const found = await findHolder(form, asker, options);
    if ('refusal' in found) return found.refusal;
    return giveOut(form, asker, found, options);
  };
}

async function findHolder(form: TokenForm, asker: TokenAsker, options: TokenServiceOptions): Promise<Found> {
  const answers = refusals(options.realm);
  const { grant } = form;
  if (grant.kind !== 'header' && asker.authorization.kind !== 'anonymous') {
    return { refusal: answers.invalid('invalid_request', 'credentials stand in the header and in the body') };
  }
  if (grant.kind === 'refresh') return redeem(grant.secret, asker.address, options);
  const claimed = grant.kind === 'password' ? grant : credentialsOf(asker.authorization);
  if (claimed === 'malformed') return { refusal: answers.wrong };
  if (claimed === undefined) return welcome(form, options);
  const isOther = form.account !== undefined && form.account !== claimed.user;
  return isOther
    ? { refusal: answers.invalid('invalid_request', 'account is not the name that signs in') }
    : signIn(claimed, asker.address, options);
}

/** Without a scope nothing is wanted but to be let in: somebody signs in, and must not believe to have succeeded. */
function welcome({ access }: TokenForm, { realm, anonymous }: TokenServiceOptions): Found {
  const isWelcome = anonymous() && access.length > 0;
  return isWelcome ? { holder: ANONYMOUS } : { refusal: refusals(realm).signIn };
}

async function redeem(
  secret: Secret<string>,
  address: string,
  { realm, identities, guard }: TokenServiceOptions,
): Promise<Found> {
  const answers = refusals(realm);
  if (identities === undefined) return { refusal: answers.switchedOff };
  const holder = identities.redeem(secret.reveal());
  if (holder !== undefined) return { holder, refresh: secret };
  const throttled = await guard.wrongToken(secret.reveal(), address);
  return {
    refusal:
      throttled === undefined
        ? { ...answers.wrong, failedLogin: 'wrong-token' }
        : answers.throttled(throttled),
  };
}

async function signIn(
  { user, password }: { readonly user: string; readonly password: Secret<string> },
  address: string,
  { realm, check }: TokenServiceOptions,
): Promise<Found> {
  const verdict = await check.signIn({ user, password, address });
  if (verdict.kind === 'verified') return { holder: verdict.holder };
  const answers = refusals(realm);
  if (verdict.kind === 'throttled') return { refusal: answers.throttled(verdict) };
  return { refusal: verdict.kind === 'busy' ? answers.busy : answers.wrong };
}

function credentialsOf(
  authorization: TokenAsker['authorization'],
): { readonly user: string; readonly password: Secret<string> } | 'malformed' | undefined {
  if (authorization.kind === 'credentials') return authorization.credentials;
  return authorization.kind === 'malformed' ? 'malformed' : undefined;
}

async function giveOut(
  form: TokenForm,
  asker: TokenAsker,
  { holder, refresh }: Extract<Found, { holder: Holder }>,
  options: TokenServiceOptions,
): Promise<TokenAnswer> {
  const answers = refusals(options.realm);
  if (!options.admits(holder, asker.address)) return answers.wrong;
  const access = intersectAccess(form.access, options.grants(holder, form.access, asker.address));
  const issued = await options.tokens.issue(holder, access);
  if (issued === undefined) return answers.wrong;
  const identity = refresh ?? (await makeIdentity(form, asker, holder, options));
  return {
    status: 200,
    holder,
    headers: { 'Cache-Control': 'no-store' },
    body: {
      token: issued.token,
      access_token: issued.token,
      expires_in: issued.expiresIn,
      issued_at: issued.issuedAt.toISOString(),
      ...(form.method === 'POST' ? { scope: renderScopes(issued.access) } : {}),
      ...(identity === undefined ? {} : { refresh_token: identity.reveal() }),
    },
  };
}

/** For people alone: the secret of a machine is a token that can be revoked already. */
async function makeIdentity(
  form: TokenForm,
  { address, agent }: TokenAsker,
  holder: Holder,
  { identities, onError }: TokenServiceOptions,
): Promise<Secret<string> | undefined> {
  if (!form.offline || identities === undefined || holder.kind !== 'user') return undefined;
  try {
    return await identities.issue({ user: holder.user, client: form.client, agent, address });
  } catch (error) {
    onError(error);
    return undefined;
  }
}
