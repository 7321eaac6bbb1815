import type { Secret } from '../../lib/secret.ts';
import { LONGEST_MS } from './session.ts';

/**
 * Browsers take a cookie with this prefix only over https, from the host itself and for all of its paths (RFC 6265bis,
 * section 4.1.3.2), so that no other host of the domain can plant one.
 */
const NAME = '__Host-registry-gate';
/** SameSite=Strict: a page of another site can't make a request as this user, not even by a link. */
const ATTRIBUTES = 'Path=/; Secure; HttpOnly; SameSite=Strict';
const LONGEST_VALUE = 128;

/** Returns the secret in the value of a `Cookie` header; undefined if there is none, or more than one. */
export function readSessionCookie(header: string | undefined): string | undefined {
  if (header === undefined || !header.includes(NAME)) return undefined;
  const values = header
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${NAME}=`))
    .map((pair) => pair.slice(NAME.length + 1));
  const [value] = values;
  return values.length === 1 && value !== '' && (value?.length ?? 0) <= LONGEST_VALUE ? value : undefined;
}

/** The value of the `Set-Cookie` header that gives a browser its session. It keeps it for as long as the session can last. */
export function sessionCookie(secret: Secret<string>): string {
  return `${NAME}=${secret.reveal()}; ${ATTRIBUTES}; Max-Age=${LONGEST_MS / 1000}`;
}

/** The value of the `Set-Cookie` header that takes it away. */
export const NO_SESSION_COOKIE = `${NAME}=; ${ATTRIBUTES}; Max-Age=0`;
