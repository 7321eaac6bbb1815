import { isFormType, parseMediaType } from './media-type.ts';
import { createProblem } from '../problem.ts';
import type { Problem } from '../problem.ts';
import type { RegistryRequest } from './request.ts';

/** What the header says of a body, before a byte of it is read. */
export interface BodyHead {
  /** Undefined where the body is chunked. */
  readonly length: number | undefined;
  readonly contentType: string | undefined;
}

/** Header fields by lower-case name, as Node.js gives them. */
type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

/** How long a body is by the header of an admitted request (RFC 9112 section 6.3): 0 where there is none, undefined where it is chunked. */
export function bodyLength(headers: Headers): number | undefined {
  return headers['transfer-encoding'] === undefined ? Number(headers['content-length'] ?? 0) : undefined;
}

export interface BodyLimits {
  readonly manifestBytes: number;
  readonly layerBytes: number | undefined;
}

/**
 * How many bytes this request may carry; undefined is unlimited. A manifest is held in memory by the registry
 * (distribution: 4 MiB), a layer never is.
 */
export function bodyLimit(request: RegistryRequest, limits: BodyLimits): number | undefined {
  return request.route.kind === 'manifest' ? limits.manifestBytes : limits.layerBytes;
}

/** Whether a body may be read at all. What an upload is called does not count: it goes on under a name of ours. */
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

/** A manifest's type is the client's own word, and is read in one way: a registry stores the manifest under it. */
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

/** A body that stopped moving before its end. What had come of an upload may be gone on with; a manifest is nothing by halves. */
export function stalledBody({ route }: Pick<RegistryRequest, 'route'>): Problem {
  const code = route.kind === 'manifest' ? 'MANIFEST_INVALID' : 'BLOB_UPLOAD_INVALID';
  return createProblem(code, 'The upload stopped moving.', { status: 408, close: true });
}

/** The body turned out to be larger than it may be. */
export function tooLarge(limit: number): Problem {
  return createProblem('SIZE_INVALID', `Larger than the ${limit} bytes that are accepted here.`, {
    close: true,
  });
}
