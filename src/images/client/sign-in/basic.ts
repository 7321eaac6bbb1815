import { Secret } from '../../../lib/secret.ts';
import type { Credential } from '../../credentials/credential.ts';

/** Returns `Authorization` of a name and a password (RFC 7617). */
export function basicOf({ user, password }: Extract<Credential, { kind: 'password' }>): Secret<string> {
  return new Secret(`Basic ${Buffer.from(`${user}:${password.reveal()}`).toString('base64')}`);
}
