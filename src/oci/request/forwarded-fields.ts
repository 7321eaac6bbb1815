/**
 * Fields of a client that are forwarded to the registry: the ones that a registry reads. A list of what is allowed
 * can't be evaded by a new spelling: `Authorization`, `Cookie`, `Forwarded`, `X-Forwarded-*`, `Connection` and what it
 * names, `Expect`, `TE`, `Upgrade` and every `X_Odd_Name` are dropped without being listed. `Content-Type` is not
 * listed: the gate writes its own (`typeOfBody`).
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
 * Reports whether every server reads the value in the same way. Beyond printable ASCII, servers differ in what they
 * trim, fold and decode: Go takes U+0085 and U+2003 for spaces, Java and nginx read bytes as Latin-1 or as UTF-8.
 */
export function isPrintable(value: string): boolean {
  return PRINTABLE.test(value);
}

/** Replaces each byte that servers may read in different ways by `?`. */
export function toPrintable(value: string): string {
  return PRINTABLE.test(value) ? value : value.replace(UNPRINTABLE, '?');
}
