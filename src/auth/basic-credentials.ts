import { isUtf8 } from 'node:buffer';
import { Secret } from '../lib/secret.ts';

/** A user name and a password that a client sent; either may be empty. */
export interface BasicCredentials {
  readonly user: string;
  readonly password: Secret<string>;
}

/** Credentials, and the address of the client that sent them. */
export interface SentCredentials extends BasicCredentials {
  readonly address: string;
}

export type ParsedAuthorization =
  | { readonly kind: 'credentials'; readonly credentials: BasicCredentials }
  /** Neither a name nor a password: some clients send this before they are told to sign in. */
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'malformed' };

const MALFORMED = { kind: 'malformed' } as const;
const BASIC = /^basic ([a-z0-9+/]+={0,2})$/i;
const MAX_CHARACTERS = 8192;

/**
 * Reads the value of an `Authorization` header (RFC 7617): `Basic`, one space, strict base64 (RFC 4648 section 4: padded,
 * no foreign character, no stray bits) of UTF-8 without control characters, split at the first colon.
 */
export function parseBasicCredentials(header: string): ParsedAuthorization {
  if (header.length > MAX_CHARACTERS) return MALFORMED;
  const code = BASIC.exec(header)?.[1];
  if (code === undefined) return MALFORMED;
  const bytes = Buffer.from(code, 'base64');
  if (bytes.toString('base64') !== code || !isUtf8(bytes)) return MALFORMED;
  return splitPair(bytes.toString('utf8'));
}

function splitPair(pair: string): ParsedAuthorization {
  const colon = pair.indexOf(':');
  if (colon < 0 || /\p{Cc}/u.test(pair)) return MALFORMED;
  if (pair === ':') return { kind: 'anonymous' };
  const credentials = { user: pair.slice(0, colon), password: new Secret(pair.slice(colon + 1)) };
  return { kind: 'credentials', credentials };
}
