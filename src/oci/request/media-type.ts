import type { RegistryRequest } from './request.ts';

/** The type of every upload, whatever the client calls it (distribution-spec end-4b, end-5, end-6). */
const OCTETS = 'application/octet-stream';
/** `type/subtype` of RFC 6838 section 4.2, and what may follow it: parameters, which registries ignore. */
const MEDIA_TYPE = /^([A-Za-z0-9][\w!#$&^.+-]{0,126}\/[A-Za-z0-9][\w!#$&^.+-]{0,126})[\t ]*(?:;.*)?$/;

/** Returns the media type of a `Content-Type`, in lower case and without parameters; undefined if it is malformed. */
export function parseMediaType(contentType: string): string | undefined {
  return MEDIA_TYPE.exec(contentType)?.[1]?.toLowerCase();
}

/**
 * Returns the `Content-Type` under which a body is forwarded. Never the client's text, which a registry would read by
 * its own rules: Go looks for `mount`, `from`, `digest` and `_state` in the body of every request whose type it takes
 * for a form, after trimming and lower-casing it in Unicode. Undefined if no type is sent.
 */
export function typeOfBody(
  { method, route }: Pick<RegistryRequest, 'method' | 'route'>,
  contentType: string | undefined,
): string | undefined {
  if (method === 'GET' || method === 'HEAD' || method === 'DELETE') return undefined;
  if (route.kind === 'uploads' || route.kind === 'upload') return OCTETS;
  return contentType === undefined ? undefined : parseMediaType(contentType);
}

/** Reports whether a registry may read a body of this media type as a form. */
export function isFormType(mediaType: string): boolean {
  return mediaType === 'application/x-www-form-urlencoded' || mediaType.startsWith('multipart/');
}
