/**
 * `WWW-Authenticate` for Basic (RFC 7617). Exactly one challenge is ever sent: docker runs every handler that it
 * finds offered, and containers/image takes the first.
 */
export function basicChallenge(realm: string): string {
  return `Basic realm="${quote(realm)}", charset="UTF-8"`;
}

/** quoted-string of RFC 9110 section 5.6.4; control characters, which could end the header, are dropped. */
function quote(text: string): string {
  return [...text]
    .filter((character) => character >= ' ' && character !== '\u007f')
    .map((character) => (character === '"' || character === '\\' ? `\\${character}` : character))
    .join('');
}
