import type { Secret } from '../../lib/secret.ts';
import { intersectAccess, renderScopes, type Access } from '../../oci/request/scope.ts';
import type { AccessTokens } from './access-tokens.ts';
import type { Guard } from '../abuse/guard.ts';
import { ANONYMOUS, type Principal } from '../principal.ts';
import type { ParsedAuthorization } from '../basic-credentials.ts';
import type { Principals } from './principals.ts';
import type { IdentityStore } from './store/identity-store.ts';
import type { SignInCheck } from './sign-in.ts';
import { refusals, type TokenAnswer } from './token-answer.ts';
import type { FormOutcome, TokenForm } from './token-form.ts';

/** The client that asks for a token, as far as its request says. */
export interface TokenClient {
  readonly address: string;
  readonly agent: string;
  /** The `Authorization` header. `anonymous` if there is none, or if it has neither a name nor a password. */
  readonly authorization: ParsedAuthorization;
}

export interface TokenServiceOptions {
  /** The service that tokens are issued for. */
  readonly service: string;
  /** The realm of the challenge in a refusal. */
  readonly realm: string;
  readonly tokens: Pick<AccessTokens, 'issue'>;
  readonly check: Pick<SignInCheck, 'signIn'>;
  readonly guard: Pick<Guard, 'wrongToken'>;
  /** Undefined where identity tokens are switched off. */
  readonly identities: Pick<IdentityStore, 'issue' | 'redeem'> | undefined;
  readonly principals: Pick<Principals, 'device' | 'admit'>;
  /** Returns the part of the requested access that a principal has at this address. */
  readonly grants: (principal: Principal, asked: readonly Access[], address: string) => readonly Access[];
  /** Reports whether a rule is for anonymous clients. */
  readonly anonymous: () => boolean;
  /** Called with the reason why an identity token could not be stored. The client then keeps the password. */
  readonly onError: (error: unknown) => void;
}

type Found =
  | {
      readonly principal: Principal;
      readonly refresh?: Secret<string>;
      /** Of the user's credential, where a password was verified. */
      readonly version?: string | undefined;
    }
  | { readonly refusal: TokenAnswer };

/**
 * Creates the token service (distribution: token authentication, and its OAuth2 form). A client with fewer rights than it
 * requests gets a token for these and no error. Wrong credentials never get a token. Never rejects because of what a client
 * sends.
 */
export function createTokenService(
  options: TokenServiceOptions,
): (asked: FormOutcome, client: TokenClient) => Promise<TokenAnswer> {
  const answers = refusals(options.realm);
  return async (asked, client) => {
    if (!asked.ok) return answers.invalid(asked.error, asked.reason);
    const { form } = asked;
    if (form.service !== undefined && form.service !== options.service) {
      return answers.invalid('invalid_request', 'no tokens for that service are given out here');
    }
    const found = await findPrincipal(form, client, options);
    if ('refusal' in found) return found.refusal;
    return giveOut(form, client, found, options);
  };
}

async function findPrincipal(
  form: TokenForm,
  client: TokenClient,
  options: TokenServiceOptions,
): Promise<Found> {
  const answers = refusals(options.realm);
  const { grant } = form;
  if (grant.kind !== 'header' && client.authorization.kind !== 'anonymous') {
    return { refusal: answers.invalid('invalid_request', 'credentials stand in the header and in the body') };
  }
  if (grant.kind === 'refresh') return redeem(grant.secret, client.address, options);
  const claimed = grant.kind === 'password' ? grant : credentialsOf(client.authorization);
  if (claimed === 'malformed') return { refusal: answers.wrong };
  if (claimed === undefined) return welcome(form, options);
  const isOther = form.account !== undefined && form.account !== claimed.user;
  return isOther
    ? { refusal: answers.invalid('invalid_request', 'account is not the name that signs in') }
    : signIn(claimed, client.address, options);
}

/** A request without a scope only signs in, so without credentials it has to fail. */
function welcome({ access }: TokenForm, { realm, anonymous }: TokenServiceOptions): Found {
  const isWelcome = anonymous() && access.length > 0;
  return isWelcome ? { principal: ANONYMOUS } : { refusal: refusals(realm).signIn };
}

async function redeem(
  secret: Secret<string>,
  address: string,
  { realm, identities, guard, principals }: TokenServiceOptions,
): Promise<Found> {
  const answers = refusals(realm);
  if (identities === undefined) return { refusal: answers.switchedOff };
  const device = identities.redeem(secret.reveal());
  if (device !== undefined) return { principal: principals.device(device.user, device.id), refresh: secret };
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
  if (verdict.kind === 'verified') return { principal: verdict.principal, version: verdict.version };
  const answers = refusals(realm);
  if (verdict.kind === 'throttled') return { refusal: answers.throttled(verdict) };
  return { refusal: verdict.kind === 'busy' ? answers.busy : answers.wrong };
}

function credentialsOf(
  authorization: ParsedAuthorization,
): { readonly user: string; readonly password: Secret<string> } | 'malformed' | undefined {
  if (authorization.kind === 'credentials') return authorization.credentials;
  return authorization.kind === 'malformed' ? 'malformed' : undefined;
}

async function giveOut(
  form: TokenForm,
  client: TokenClient,
  found: Extract<Found, { principal: Principal }>,
  options: TokenServiceOptions,
): Promise<TokenAnswer> {
  const answers = refusals(options.realm);
  const principal = options.principals.admit(found.principal, client.address)?.principal;
  if (principal === undefined) return answers.wrong;
  const access = intersectAccess(form.access, options.grants(principal, form.access, client.address));
  const issued = await options.tokens.issue(principal, access);
  if (issued === undefined) return answers.wrong;
  const identity =
    found.refresh ?? (await makeIdentity(form, client, { principal, version: found.version }, options));
  return {
    status: 200,
    principal,
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

/** Issues identity tokens to users only: the secret of a machine is a token that can be revoked already. */
async function makeIdentity(
  form: TokenForm,
  { address, agent }: TokenClient,
  { principal, version }: Pick<Extract<Found, { principal: Principal }>, 'principal' | 'version'>,
  { identities, onError }: TokenServiceOptions,
): Promise<Secret<string> | undefined> {
  if (!form.offline || identities === undefined || principal.kind !== 'user') return undefined;
  if (version === undefined) return undefined;
  try {
    return await identities.issue({ user: principal.name, version, client: form.client, agent, address });
  } catch (error) {
    onError(error);
    return undefined;
  }
}
