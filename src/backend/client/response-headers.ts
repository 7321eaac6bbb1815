import type { IncomingHttpHeaders } from 'node:http';
import { sealFields } from '../../oci/request/sealed-upload.ts';
import { rewriteLocation } from './location.ts';
import type { LocationContext } from './location.ts';

/** Fields of the backend that cross to the client; hop-by-hop fields, cookies, CORS and challenges are not among them. */
const CROSSING: ReadonlySet<string> = new Set([
  'accept-ranges',
  'allow',
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-length',
  'content-range',
  'content-type',
  'date',
  'docker-content-digest',
  'docker-distribution-api-version',
  'docker-upload-uuid',
  'etag',
  'expires',
  'last-modified',
  'link',
  'location',
  'oci-chunk-max-length',
  'oci-chunk-min-length',
  'oci-filters-applied',
  'oci-namespace',
  'oci-subject',
  'oci-tag',
  'range',
  'retry-after',
  'vary',
  'warning',
]);

export type HeadersOutcome =
  | { readonly ok: true; readonly headers: Record<string, string> }
  /** The answer would send the client somewhere that the gate does not vouch for. */
  | { readonly ok: false };

/** The header set of the answer to the client, `Location` and `Link` made relative. */
export function responseHeaders(headers: IncomingHttpHeaders, context: LocationContext): HeadersOutcome {
  const crossing: Record<string, string> = {
    'docker-distribution-api-version': 'registry/2.0',
    'x-content-type-options': 'nosniff',
  };
  for (const name of Object.keys(headers)) {
    const value = headers[name];
    if (CROSSING.has(name) && typeof value === 'string') crossing[name] = value;
  }
  if (crossing['location'] !== undefined) {
    const location = rewriteLocation(crossing['location'], context);
    if (location === undefined) return { ok: false };
    crossing['location'] = location;
  }
  if (crossing['link'] !== undefined) {
    const link = relativeLinks(crossing['link'], context.prefix);
    if (link === undefined) delete crossing['link'];
    else crossing['link'] = link;
  }
  // No length may stand there (RFC 9110 section 8.6).
  if (context.status === 204) delete crossing['content-length'];
  const { uploadSeal } = context;
  return { ok: true, headers: uploadSeal === undefined ? crossing : sealFields(crossing, uploadSeal) };
}

/**
 * `Link: <http://backend/v2/_catalog?last=x>; rel="next"` to the path-absolute form (RFC 8288). Clients follow a link with
 * their credentials: undefined where one leads anywhere else.
 */
function relativeLinks(link: string, prefix = ''): string | undefined {
  const relative = link
    .replace(/<https?:\/\/[^/?#\\>]+(\/[^>]*)>/gi, (whole: string, path: string) =>
      path.startsWith('/v2/') || path.startsWith(`${prefix}/v2/`) ? `<${path}>` : whole,
    )
    .replaceAll(`<${prefix}/v2/`, '</v2/');
  return /<\s*(?:[a-z][a-z0-9+.-]*:|[/\\]{2})|\\/i.test(relative) ? undefined : relative;
}
