import type { RouteKind } from '../registry/route.ts';

export interface LocationContext {
  readonly status: number;
  readonly route: RouteKind;
  /** Authorities (`host[:port]`) under which the registry knows itself: the client's Host and the backend's own. */
  readonly authorities: readonly string[];
}

/**
 * `Location` as the client may see it. A path of the registry becomes path-absolute (`/v2/...?_state=...`): whatever
 * scheme, name or port the backend believes it has, the client stays with the name that it used and keeps its
 * credentials (distribution-spec: "Location ... MAY be relative"). The query is kept byte for byte, it is signed.
 *
 * An object store is followed for a blob alone, by the client, without our credentials. Undefined for anywhere else.
 */
export function rewriteLocation(location: string, context: LocationContext): string | undefined {
  const absolute = /^https?:\/\/([^/?#]*)(\/[^#]*)$/i.exec(location);
  if (absolute === null) return isRegistryPath(location) ? location : undefined;
  const [, authority = '', path = ''] = absolute;
  if (isStoreRedirect(authority, context)) return location;
  return isRegistryPath(path) ? path : undefined;
}

function isStoreRedirect(authority: string, { status, route, authorities }: LocationContext): boolean {
  const foreign = !authorities.includes(authority.toLowerCase());
  return foreign && route === 'blob' && (status === 307 || status === 302 || status === 303);
}

function isRegistryPath(path: string): boolean {
  return path.startsWith('/v2/');
}
