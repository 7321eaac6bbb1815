import { createKeyedHash } from '../../lib/keyed-hash.ts';

/**
 * Returns the token of the forms of a session: HMAC-SHA256 under the secret of its cookie. A page of another site knows
 * neither, and a form that was rendered for another session, or before a new sign-in, has another token.
 */
export function formToken(secret: string): string {
  return createKeyedHash(Buffer.from(secret))('the forms of this session');
}
