/**
 * Returns `WWW-Authenticate` for Basic (RFC 7617). Send exactly one challenge: docker runs every handler that it finds
 * offered, and containers/image takes the first.
 */
export function basicChallenge(realm: string): string {
  return `Basic realm="${quote(realm)}", charset="UTF-8"`;
}

export interface BearerOptions {
  /** Where tokens are issued: see tokenRealm. */
  readonly realm: string;
  /** The audience of the tokens. The same on every path, since some clients refuse a change. */
  readonly service: string;
  /** What the request needs, as renderScopes writes it; empty if it only needs a signed-in client. */
  readonly scope?: string;
  /** RFC 6750 section 3.1; only if a token was sent. */
  readonly error?: 'invalid_token' | 'insufficient_scope';
}

/**
 * Returns `WWW-Authenticate` for Bearer (distribution: token authentication). Send no other challenge with it. No space
 * follows a comma, as clients expect.
 */
export function bearerChallenge({ realm, service, scope = '', error }: BearerOptions): string {
  const parts = [`realm="${quote(realm)}"`, `service="${quote(service)}"`];
  if (scope !== '') parts.push(`scope="${quote(scope)}"`);
  if (error !== undefined) parts.push(`error="${error}"`);
  return `Bearer ${parts.join(',')}`;
}

/** A challenge that a server sent (RFC 9110 section 11.6.1): the first of several. */
interface ReceivedChallenge {
  /** In lower case. */
  readonly scheme: string;
  /** By lower-case name. */
  readonly parameters: Readonly<Record<string, string>>;
}

/** Parses `WWW-Authenticate`, whose parameters are quoted strings or tokens. Returns undefined for malformed text. */
export function readChallenge(header: string): ReceivedChallenge | undefined {
  const [whole, scheme] = /^\s*([A-Za-z0-9-]+)(?:\s+|$)/.exec(header) ?? [];
  if (whole === undefined || scheme === undefined) return undefined;
  const parameter = /([A-Za-z0-9_-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))\s*(?:,\s*|$)/y;
  const parameters = Object.create(null) as Record<string, string>;
  parameter.lastIndex = whole.length;
  for (let found = parameter.exec(header); found !== null; found = parameter.exec(header)) {
    const [, name = '', quoted, token = ''] = found;
    parameters[name.toLowerCase()] = quoted?.replaceAll(/\\(.)/g, '$1') ?? token;
  }
  return { scheme: scheme.toLowerCase(), parameters };
}

/**
 * Returns where a client gets its tokens: the origin that it used itself, since clients refuse or distrust any other.
 * `host` is the Host of the request, whose form admission has checked.
 */
export function tokenRealm(host: string): string {
  return `https://${host}/token`;
}

/** Returns a quoted-string of RFC 9110 section 5.6.4 without control characters, which could end the header. */
function quote(text: string): string {
  return [...text]
    .filter((character) => character >= ' ' && character !== '\u007f')
    .map((character) => (character === '"' || character === '\\' ? `\\${character}` : character))
    .join('');
}
