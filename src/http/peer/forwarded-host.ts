const HOST = /^(?:[a-z0-9](?:[a-z0-9._-]{0,252})|\[[0-9a-f:.]{2,45}\])(?::\d{1,5})?$/i;

/**
 * The host that a client asked a front proxy for, from `X-Forwarded-Host` of that proxy. Of several values the last is
 * taken: it was written by the proxy next to us. Undefined where that is no host name or address with an optional port.
 */
export function forwardedHost(header: string): string | undefined {
  const last = header.slice(header.lastIndexOf(',') + 1).trim();
  return HOST.test(last) ? last : undefined;
}
