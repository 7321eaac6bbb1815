import { isIP } from 'node:net';
import type { Parsed } from './listen-address.ts';

/** The registry behind the gate. `host` is without brackets; `prefix` is the path before `/v2/`, like `/registry`. */
export type Backend =
  | {
      readonly kind: 'http' | 'https';
      readonly host: string;
      readonly port: number;
      readonly prefix?: string;
    }
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'embedded'; readonly directory: string };

/** The `sun_path` of Linux has 108 bytes with the closing zero (unix(7)); the other systems have fewer. */
const SOCKET_PATH_BYTES = 107;

/** Reads `http://HOST[:PORT][/PREFIX]`, `https://HOST[:PORT][/PREFIX]`, `unix:/PATH` or `embedded:DIR`. A reason never repeats the text, which may hold a password. */
export function parseBackend(text: string): Parsed<Backend> {
  if (/^unix:/i.test(text)) return parseUnix(text.slice('unix:'.length));
  if (/^embedded:/i.test(text)) return parseEmbedded(text.slice('embedded:'.length));
  const scheme = /^(https?):\/\/(?=[^/])/i.exec(text)?.[1]?.toLowerCase();
  if (scheme !== 'http' && scheme !== 'https') return refuse(whyNotAScheme(text));
  const reason = whyNotPlain(text);
  return reason === undefined ? parseHttp(scheme, text) : refuse(reason);
}

function parseHttp(kind: 'http' | 'https', text: string): Parsed<Backend> {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined) return refuse('has a malformed host or port');
  if (url.port === '0') return refuse('has port 0, where nothing can listen');
  const port = url.port === '' ? { http: 80, https: 443 }[kind] : Number(url.port);
  const prefix = prefixOf(text);
  if (!prefix.ok) return prefix;
  const place = { kind, host: url.hostname.replaceAll(/^\[|\]$/g, ''), port };
  return { ok: true, value: prefix.value === '' ? place : { ...place, prefix: prefix.value } };
}

/** The path before `/v2/`, without a final slash. Read from the text, since the URL parser would correct it. */
function prefixOf(text: string): Parsed<string> {
  const path = /^https?:\/\/[^/]+(\/.*)?$/i.exec(text)?.[1] ?? '';
  const prefix = path.replace(/\/$/, '');
  if (prefix.endsWith('/v2')) return refuse('must not end in /v2, which the gate adds');
  const isPlain = /^(?:\/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*$/.test(prefix);
  return isPlain
    ? { ok: true, value: prefix }
    : refuse('has a path that is not plain: letters, digits and . _ ~ - between single slashes');
}

function parseUnix(rest: string): Parsed<Backend> {
  const path = rest.startsWith('///') ? rest.slice(2) : rest;
  if (!path.startsWith('/') || path.startsWith('//')) {
    return refuse('must name the socket by its full path, like unix:/run/registry.sock');
  }
  if (path.includes('\0')) return refuse('must not hold a NUL byte');
  if (path.endsWith('/')) return refuse('must name a socket, not a directory');
  if (Buffer.byteLength(path) > SOCKET_PATH_BYTES) {
    return refuse(`has a socket path of more than ${SOCKET_PATH_BYTES} bytes, which the system can't open`);
  }
  return { ok: true, value: { kind: 'unix', path } };
}

function parseEmbedded(directory: string): Parsed<Backend> {
  if (directory === '' || directory.includes('\0'))
    return refuse('must name the folder of the registry, like embedded:./data');
  return { ok: true, value: { kind: 'embedded', directory } };
}

function whyNotAScheme(text: string): string {
  const bare = /^[a-z0-9.-]+:\d+\/?$/i.test(text);
  return bare
    ? 'needs a scheme: write http:// (or https://) before the host'
    : 'must be http://HOST:PORT, https://HOST:PORT, unix:/PATH or embedded:DIR';
}

/** Why the text has parts that the URL parser would silently correct or drop. */
function whyNotPlain(text: string): string | undefined {
  if (!/^[\x21-\x7e]+$/.test(text) || text.includes('\\')) {
    return 'must be plain ASCII without spaces and backslashes (an international name in its xn-- form)';
  }
  if (text.includes('@')) return 'must not hold credentials: give them as backendUser and backendPassword';
  if (text.includes('?')) return 'must not have a query';
  if (text.includes('#')) return 'must not have a fragment';
  return undefined;
}

function refuse(reason: string): { readonly ok: false; readonly reason: string } {
  return { ok: false, reason };
}

/** The inverse of `parseBackend`. */
export function renderBackend(backend: Backend): string {
  if (backend.kind === 'unix') return `unix:${backend.path}`;
  if (backend.kind === 'embedded') return `embedded:${backend.directory}`;
  const host = isIP(backend.host) === 6 ? `[${backend.host}]` : backend.host;
  return `${backend.kind}://${host}:${backend.port}${backend.prefix ?? ''}`;
}
