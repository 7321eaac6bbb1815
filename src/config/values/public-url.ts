import { isHost } from '../../lib/network.ts';
import type { Parsed } from './listen-address.ts';

/** Reads `HOST` or `HOST:PORT`, in lower case. */
export function parseAuthority(text: string): Parsed<string> {
  const lower = text.toLowerCase();
  return isHost(lower, 1) && URL.canParse(`http://${lower}`)
    ? { ok: true, value: lower }
    : { ok: false, reason: 'must be HOST or HOST:PORT, without a scheme and a path' };
}

/** Reads `https://HOST[:PORT]` and returns `HOST[:PORT]`: a registry has no path, and clients use https. */
export function parsePublicUrl(text: string): Parsed<string> {
  const authority = /^https:\/\/([^/]+)\/?$/i.exec(text)?.[1];
  const parsed = authority === undefined ? undefined : parseAuthority(authority);
  return parsed?.ok === true
    ? { ok: true, value: parsed.value.replace(/:443$/, '') }
    : { ok: false, reason: 'must be https://HOST or https://HOST:PORT, without a path' };
}
