import { Secret } from '../../lib/secret.ts';
import { parseBasicCredentials } from '../../auth/basic-credentials.ts';
import type { ParsedAuthorization } from '../../auth/basic-credentials.ts';

interface Sent {
  readonly header: Secret<string>;
  readonly parsed: ParsedAuthorization;
}

/** The longest name and password that can be right, and their base64. */
const LONGEST_KEPT = 2048;

const lastSent = new WeakMap<object, Sent>();

/**
 * Reads an `Authorization` header. A client sends the same one with each request of a connection: the very same value is
 * given for it then, by which others know that they have seen it. Nothing is decided here, and nothing outlives the
 * connection.
 */
export function readCredentials(header: string, connection: object): ParsedAuthorization {
  const before = lastSent.get(connection);
  if (before !== undefined && before.header.reveal() === header) return before.parsed;
  const parsed = parseBasicCredentials(header);
  if (parsed.kind === 'credentials' && header.length <= LONGEST_KEPT)
    lastSent.set(connection, { header: new Secret(header), parsed });
  return parsed;
}
