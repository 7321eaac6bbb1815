import { Secret } from '../../lib/secret.ts';
import { parseBasicCredentials, type ParsedAuthorization } from '../../auth/basic-credentials.ts';

interface LastSent {
  readonly header: Secret<string>;
  readonly parsed: ParsedAuthorization;
}

/** The longest header that can be right: base64 of the longest name and password. */
const LONGEST_KEPT = 2048;

const lastSent = new WeakMap<object, LastSent>();

/**
 * Reads an `Authorization` header. A client sends the same header with each request of a connection; it gets the same
 * object then, so that `Authenticator` hashes it once. The result is dropped with the connection.
 */
export function readCredentials(header: string, connection: object): ParsedAuthorization {
  const before = lastSent.get(connection);
  if (before !== undefined && before.header.reveal() === header) return before.parsed;
  const parsed = parseBasicCredentials(header);
  if (parsed.kind === 'credentials' && header.length <= LONGEST_KEPT)
    lastSent.set(connection, { header: new Secret(header), parsed });
  return parsed;
}
