import type { Parsed } from './listen-address.ts';

/** A host name, an IPv4 address or a bracketed IPv6 address, with a port if one is named (RFC 3986 section 3.2). */
const AUTHORITY = /^(?:[a-z0-9](?:[a-z0-9._-]{0,252})|\[[0-9a-f:.]{2,45}\])(?::(\d{1,5}))?$/;

/** Reads `HOST` or `HOST:PORT`, in lower case. */
export function parseAuthority(text: string): Parsed<string> {
  const lower = text.toLowerCase();
  const match = AUTHORITY.exec(lower);
  const port = Number(match?.[1] ?? 1);
  if (match === null || port < 1 || port > 65_535 || !URL.canParse(`http://${lower}`)) {
    return { ok: false, reason: 'must be HOST or HOST:PORT, without a scheme and a path' };
  }
  return { ok: true, value: lower };
}

/** Reads `https://HOST[:PORT]` and returns `HOST[:PORT]`: a registry has no path, and clients use https. */
export function parsePublicUrl(text: string): Parsed<string> {
  const authority = /^https:\/\/([^/]+)\/?$/i.exec(text)?.[1];
  const parsed = authority === undefined ? undefined : parseAuthority(authority);
  return parsed?.ok === true
    ? { ok: true, value: parsed.value.replace(/:443$/, '') }
    : { ok: false, reason: 'must be https://HOST or https://HOST:PORT, without a path' };
}
