import type { RegistryRequest } from './parse.ts';
import { createProblem, type Problem } from '../problem.ts';

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

/** What the header states about a body. */
export interface BodyHead {
  /** Undefined if the body is chunked. */
  readonly length: number | undefined;
  readonly contentType: string | undefined;
}

/** Header fields by lower-case name, as Node.js gives them. */
type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

/**
 * Returns the length of a body from the header of an admitted request (RFC 9112 section 6.3): 0 without a body,
 * undefined if it is chunked.
 */
export function bodyLength(headers: Headers): number | undefined {
  return headers['transfer-encoding'] === undefined ? Number(headers['content-length'] ?? 0) : undefined;
}

export interface BodyLimits {
  readonly manifestBytes: number;
  readonly layerBytes: number | undefined;
}

/**
 * Returns how many bytes the body may have; undefined is unlimited. A registry holds a manifest in memory
 * (distribution: 4 MiB) but never a layer.
 */
export function bodyLimit(request: RegistryRequest, limits: BodyLimits): number | undefined {
  return request.route.kind === 'manifest' ? limits.manifestBytes : limits.layerBytes;
}

/**
 * Returns why a body may not be read, or undefined. The Content-Type of an upload does not matter: the gate replaces
 * it.
 */
export function judgeBody(request: RegistryRequest, body: BodyHead, limits: BodyLimits): Problem | undefined {
  if (body.length === 0) return undefined;
  if (request.route.kind === 'manifest') {
    const problem = judgeManifestType(body.contentType);
    if (problem !== undefined) return problem;
  }
  const limit = bodyLimit(request, limits);
  return limit !== undefined && body.length !== undefined && body.length > limit
    ? tooLarge(limit)
    : undefined;
}

/** A registry stores a manifest under the client's Content-Type, so it must have only one reading. */
function judgeManifestType(contentType: string | undefined): Problem | undefined {
  if (contentType === undefined || contentType === '') return undefined;
  const type = parseMediaType(contentType);
  if (type === undefined) {
    return createProblem('MANIFEST_INVALID', 'The Content-Type is not a media type.', { close: true });
  }
  return isFormType(type) ? FORM : undefined;
}

const FORM = createProblem(
  'UNSUPPORTED',
  'A form is no manifest. Send it under its own media type, such as application/vnd.oci.image.manifest.v1+json.',
  { status: 415, close: true },
);

/** Returns the problem of a body that stopped before its end. The client may resume an upload but not a manifest. */
export function stalledBody({ route }: Pick<RegistryRequest, 'route'>): Problem {
  const code = route.kind === 'manifest' ? 'MANIFEST_INVALID' : 'BLOB_UPLOAD_INVALID';
  return createProblem(code, 'The upload stopped moving.', { status: 408, close: true });
}

export function tooLarge(limit: number): Problem {
  return createProblem('SIZE_INVALID', `Larger than the ${limit} bytes that are accepted here.`, {
    close: true,
  });
}
