/**
 * Fields of a client that cross to the registry: the ones that a registry reads, and nothing else. A list of what is let
 * through cannot be outwitted by a new spelling; `Authorization`, `Cookie`, `Forwarded`, `X-Forwarded-*`, `Connection`
 * and what it names, `Expect`, `TE`, `Upgrade` and every `X_Odd_Name` stay outside without being named. `Content-Type` is
 * not among them: the gate writes its own (`typeOfBody`).
 */
export const FORWARDED_FIELDS = [
  'accept',
  'accept-encoding',
  'cache-control',
  'content-length',
  'content-range',
  'docker-content-digest',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'oci-chunk-min-length',
  'range',
  'transfer-encoding',
  'user-agent',
] as const;

const PRINTABLE = /^[ -~]*$/;
const UNPRINTABLE = /[^ -~]/g;

/**
 * Whether a value reads alike everywhere. Beyond printable ASCII servers differ in what they trim, fold and decode: Go
 * takes U+0085 and U+2003 for spaces, Java and nginx bytes as Latin-1 or as UTF-8.
 */
export function isPrintable(value: string): boolean {
  return PRINTABLE.test(value);
}

/** The value with a `?` for each byte that would not read alike everywhere. */
export function toPrintable(value: string): string {
  return PRINTABLE.test(value) ? value : value.replace(UNPRINTABLE, '?');
}
