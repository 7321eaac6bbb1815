/**
 * The grammar of names, tags and digests (OCI distribution-spec v1.1, "Pulling manifests"; image-spec, "Digests"). The
 * expressions are anchored and have no nested repetition over the same characters, so matching is linear in the length
 * of the text.
 */

/**
 * The longest repository name that clients accept together with the host (distribution-spec: 255 characters in all).
 */
const LONGEST_REPOSITORY = 255;

const COMPONENT = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const REPOSITORY = new RegExp(`^${COMPONENT}(?:/${COMPONENT})*$`);
const TAG = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;
const DIGEST = /^[a-z0-9]+(?:[+._-][a-z0-9]+)*:[a-zA-Z0-9=_-]{16,256}$/;
/** Upload session ids are opaque in the spec. Registries use UUIDs and base64url. */
const UPLOAD_ID = /^[A-Za-z0-9._=-]{1,256}$/;

export function isRepository(text: string): boolean {
  return text.length <= LONGEST_REPOSITORY && REPOSITORY.test(text);
}

export function isTag(text: string): boolean {
  return TAG.test(text);
}

export function isDigest(text: string): boolean {
  return DIGEST.test(text);
}

function isUploadId(text: string): boolean {
  return UPLOAD_ID.test(text) && text !== '.' && text !== '..';
}

/** A parsed path of the registry API (distribution-spec v1.1 "Endpoints", and Docker's `_catalog`). */
export type Route =
  | { readonly kind: 'base' }
  | { readonly kind: 'catalog' }
  | { readonly kind: 'tags'; readonly repository: string }
  | { readonly kind: 'manifest'; readonly repository: string; readonly reference: string }
  | { readonly kind: 'blob'; readonly repository: string; readonly digest: string }
  | { readonly kind: 'uploads'; readonly repository: string }
  | { readonly kind: 'upload'; readonly repository: string; readonly upload: string }
  | { readonly kind: 'referrers'; readonly repository: string; readonly digest: string };

export type RouteKind = Route['kind'];

export type RegistryMethod = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** The methods of each route. */
export const METHODS: Readonly<Record<RouteKind, readonly RegistryMethod[]>> = {
  base: ['GET', 'HEAD'],
  catalog: ['GET', 'HEAD'],
  tags: ['GET', 'HEAD'],
  manifest: ['GET', 'HEAD', 'PUT', 'DELETE'],
  blob: ['GET', 'HEAD', 'DELETE'],
  uploads: ['POST'],
  upload: ['GET', 'HEAD', 'PATCH', 'PUT', 'DELETE'],
  referrers: ['GET', 'HEAD'],
};

/**
 * Parses a path. It matches from the right, as the registry does: `/v2/a/manifests/b/manifests/latest` is the
 * repository `a/manifests/b`. Returns undefined for anything outside the grammar; nothing is normalised.
 */
export function parseRoute(path: string): Route | undefined {
  if (path === '/v2/' || path === '/v2') return { kind: 'base' };
  if (!path.startsWith('/v2/')) return undefined;
  const rest = path.slice('/v2/'.length);
  if (rest === '_catalog') return { kind: 'catalog' };
  return parseUploads(rest) ?? parseTags(rest) ?? parseContent(rest);
}

function parseUploads(rest: string): Route | undefined {
  const mark = rest.lastIndexOf('/blobs/uploads/');
  if (mark < 0) return undefined;
  const repository = rest.slice(0, mark);
  const upload = rest.slice(mark + '/blobs/uploads/'.length);
  if (!isRepository(repository)) return undefined;
  if (upload === '') return { kind: 'uploads', repository };
  return isUploadId(upload) ? { kind: 'upload', repository, upload } : undefined;
}

function parseTags(rest: string): Route | undefined {
  if (!rest.endsWith('/tags/list')) return undefined;
  const repository = rest.slice(0, -'/tags/list'.length);
  return isRepository(repository) ? { kind: 'tags', repository } : undefined;
}

function parseContent(rest: string): Route | undefined {
  const lastSlash = rest.lastIndexOf('/');
  const kindSlash = rest.lastIndexOf('/', lastSlash - 1);
  if (lastSlash < 0 || kindSlash < 0) return undefined;
  const repository = rest.slice(0, kindSlash);
  return isRepository(repository)
    ? contentRoute(repository, rest.slice(kindSlash + 1, lastSlash), rest.slice(lastSlash + 1))
    : undefined;
}

function contentRoute(repository: string, kind: string, last: string): Route | undefined {
  if (kind === 'manifests') {
    const digest = digestOf(last);
    const reference = digest ?? last;
    return digest !== undefined || isTag(last) ? { kind: 'manifest', repository, reference } : undefined;
  }
  const digest = digestOf(last);
  if (digest === undefined) return undefined;
  if (kind === 'blobs') return { kind: 'blob', repository, digest };
  return kind === 'referrers' ? { kind: 'referrers', repository, digest } : undefined;
}

/**
 * Some clients write the colon of a digest as `%3A`. No other escape is legal in a path, so only this one is decoded.
 */
function digestOf(text: string): string | undefined {
  const digest = text.replace(/%3a/i, ':');
  return isDigest(digest) ? digest : undefined;
}

/** Reports whether an unknown path would name a manifest if its digest were valid. */
export function namesBadDigest(path: string): boolean {
  const mark = path.lastIndexOf('/manifests/');
  const digest = path.slice(mark + '/manifests/'.length);
  return (
    path.startsWith('/v2/') &&
    isRepository(path.slice('/v2/'.length, Math.max(mark, 0))) &&
    /^sha(?:256|384|512)(?::|%3a)[a-zA-Z0-9]*$/i.test(digest)
  );
}

/** Returns the canonical path of a route. */
export function renderRoute(route: Route): string {
  switch (route.kind) {
    case 'base':
      return '/v2/';
    case 'catalog':
      return '/v2/_catalog';
    case 'tags':
      return `/v2/${route.repository}/tags/list`;
    case 'manifest':
      return `/v2/${route.repository}/manifests/${route.reference}`;
    case 'blob':
      return `/v2/${route.repository}/blobs/${route.digest}`;
    case 'uploads':
      return `/v2/${route.repository}/blobs/uploads/`;
    case 'upload':
      return `/v2/${route.repository}/blobs/uploads/${route.upload}`;
    case 'referrers':
      return `/v2/${route.repository}/referrers/${route.digest}`;
  }
}
