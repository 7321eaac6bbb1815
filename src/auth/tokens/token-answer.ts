import { basicChallenge } from '../../oci/challenge.ts';
import type { Throttled } from '../abuse/guard.ts';
import type { Principal } from '../principal.ts';
import type { FormError } from './token-form.ts';

/** The answer of the token service. Its body is sent as JSON. */
export interface TokenAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Readonly<Record<string, unknown>>;
  /** The principal that was given a token, for the log. */
  readonly principal?: Principal;
  /** The kind of credential that was wrong, for the log. */
  readonly failedLogin?: 'wrong-password' | 'wrong-token';
}

interface Refusals {
  readonly wrong: TokenAnswer;
  readonly signIn: TokenAnswer;
  readonly busy: TokenAnswer;
  throttled(why: Throttled): TokenAnswer;
  /** The same as for an unknown grant, so that a client that has a password falls back to it. */
  readonly switchedOff: TokenAnswer;
  invalid(error: FormError, reason: string): TokenAnswer;
}

/** Returns the refusals of the token service. Their bodies are registry errors, which docker prints, and OAuth2 errors (RFC 6749 section 5.2) in one. */
export function refusals(realm: string): Refusals {
  const challenge = { 'WWW-Authenticate': basicChallenge(realm) };
  return {
    wrong: {
      ...refuse(401, ['UNAUTHORIZED', 'invalid_grant'], 'The user name or the password is wrong.', challenge),
      failedLogin: 'wrong-password',
    },
    signIn: refuse(
      401,
      ['UNAUTHORIZED', 'invalid_grant'],
      'Sign in first: docker login, with the host name that stands in the image name.',
      challenge,
    ),
    busy: refuse(
      503,
      ['UNAVAILABLE', 'temporarily_unavailable'],
      'Too many passwords are being checked. Try again in a moment.',
      { 'Retry-After': '5' },
    ),
    throttled: ({ seconds, message }) =>
      refuse(429, ['TOOMANYREQUESTS', 'temporarily_unavailable'], message, { 'Retry-After': `${seconds}` }),
    switchedOff: refuse(
      400,
      ['UNSUPPORTED', 'unsupported_grant_type'],
      'Identity tokens are switched off here: sign in again.',
    ),
    invalid: (error, reason) =>
      refuse(400, ['UNSUPPORTED', error], `The token request is not served: ${reason}.`),
  };
}

function refuse(
  status: number,
  [code, error]: readonly [string, string],
  message: string,
  headers: Readonly<Record<string, string>> = {},
): TokenAnswer {
  return {
    status,
    headers: { ...headers, 'Cache-Control': 'no-store' },
    body: { errors: [{ code, message, detail: null }], error, error_description: message },
  };
}
