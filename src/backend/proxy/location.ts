import type { RouteKind } from '../../oci/request/route.ts';
import type { UploadSeal } from '../../oci/request/sealed-upload.ts';

export interface LocationContext {
  /** Seals the names of upload sessions; only for requests about uploads. */
  readonly uploadSeal?: UploadSeal | undefined;
  readonly status: number;
  readonly route: RouteKind;
  /** Authorities (`host[:port]`) that mean the registry: the client's Host and the backend's own. */
  readonly authorities: readonly string[];
  /** The path of the registry before `/v2/`, which clients do not know. */
  readonly prefix?: string;
}

/**
 * Rewrites `Location` for the client. A path of the registry becomes path-absolute (`/v2/...?_state=...`): whatever
 * scheme, name or port the backend believes it has, the client stays with the name that it used and keeps its
 * credentials (distribution-spec: "Location ... MAY be relative"). The query is signed and stays byte for byte.
 *
 * The client may follow a redirect to an object store, for a blob alone and without our credentials. Returns undefined
 * for any other address.
 */
export function rewriteLocation(location: string, context: LocationContext): string | undefined {
  const absolute = /^https?:\/\/([^/?#]*)(\/[^#]*)$/i.exec(location);
  if (absolute === null) return registryPath(location, context);
  const [, authority = '', path = ''] = absolute;
  if (isStoreRedirect(authority, context)) return location;
  return registryPath(path, context);
}

/**
 * Returns the target of a redirect of a blob within the registry's own server: it may keep layers under another path,
 * which clients cannot reach. Returns undefined for every other redirect.
 */
export function redirectAtBackend(
  location: string,
  asked: string,
  context: LocationContext,
): string | undefined {
  if (context.route !== 'blob' || !REDIRECTS.has(context.status)) return undefined;
  const base = 'http://backend.invalid';
  if (!URL.canParse(location, `${base}${asked}`)) return undefined;
  const url = new URL(location, `${base}${asked}`);
  const isHere = url.origin === base || context.authorities.includes(url.host);
  return isHere && /^https?:$/.test(url.protocol) ? `${url.pathname}${url.search}` : undefined;
}

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** Reports whether a redirect leads to the requested address itself: by another scheme, or in a circle. */
export function isSameAddress(location: string, asked: string, status: number): boolean {
  if (!REDIRECTS.has(status)) return false;
  const path = /^(?:https?:\/\/[^/?#]*)?(\/[^#]*)/i.exec(location)?.[1];
  return path === asked;
}

function isStoreRedirect(authority: string, { status, route, authorities }: LocationContext): boolean {
  const foreign = !authorities.includes(authority.toLowerCase());
  return foreign && route === 'blob' && (status === 307 || status === 302 || status === 303);
}

function registryPath(path: string, { prefix = '' }: LocationContext): string | undefined {
  if (prefix !== '' && path.startsWith(`${prefix}/v2/`)) return path.slice(prefix.length);
  return path.startsWith('/v2/') ? path : undefined;
}
