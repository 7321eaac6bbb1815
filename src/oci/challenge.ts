/**
 * `WWW-Authenticate` for Basic (RFC 7617). Exactly one challenge is ever sent: docker runs every handler that it
 * finds offered, and containers/image takes the first.
 */
export function basicChallenge(realm: string): string {
  return `Basic realm="${quote(realm)}", charset="UTF-8"`;
}

export interface BearerOptions {
  /** Where tokens are given out: see tokenRealm. */
  readonly realm: string;
  /** The audience of the tokens. The same on every path: some clients refuse a change. */
  readonly service: string;
  /** What the request needs, as renderScopes writes it; empty where it needs nothing but a name. */
  readonly scope?: string;
  /** RFC 6750 section 3.1; only where a token was sent. */
  readonly error?: 'invalid_token' | 'insufficient_scope';
}

/** `WWW-Authenticate` for Bearer (distribution: token authentication). The one challenge of its answer; no space after a comma, as clients expect it. */
export function bearerChallenge({ realm, service, scope = '', error }: BearerOptions): string {
  const parts = [`realm="${quote(realm)}"`, `service="${quote(service)}"`];
  if (scope !== '') parts.push(`scope="${quote(scope)}"`);
  if (error !== undefined) parts.push(`error="${error}"`);
  return `Bearer ${parts.join(',')}`;
}

/** A challenge that a server sent (RFC 9110 section 11.6.1): the first one, if it sent several. */
export interface ReceivedChallenge {
  /** In lower case. */
  readonly scheme: string;
  /** By lower-case name. */
  readonly parameters: Readonly<Record<string, string>>;
}

/** Reads `WWW-Authenticate`, whose parameters are quoted strings or tokens. Undefined for what is no challenge. */
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
 * Where a client gets its tokens: the origin that it used itself, since clients refuse or distrust any other. `host` is
 * the Host of the request, of the form that admission has checked.
 */
export function tokenRealm(host: string): string {
  return `https://${host}/token`;
}

/** quoted-string of RFC 9110 section 5.6.4; control characters, which could end the header, are dropped. */
function quote(text: string): string {
  return [...text]
    .filter((character) => character >= ' ' && character !== '\u007f')
    .map((character) => (character === '"' || character === '\\' ? `\\${character}` : character))
    .join('');
}
