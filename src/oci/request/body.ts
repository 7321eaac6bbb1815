import { isFormType, parseMediaType } from './media-type.ts';
import { createProblem } from '../problem.ts';
import type { Problem } from '../problem.ts';
import type { RegistryRequest } from './request.ts';

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
