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
