import { createProblem } from './problem.ts';
import type { Problem } from './problem.ts';
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

/**
 * Whether a body may be read at all. Form bodies are refused: the registry reads `mount`, `from`, `digest` and `_state`
 * with Go's FormValue, which takes them from a form body in preference to the query that was authorised.
 */
export function judgeBody(request: RegistryRequest, body: BodyHead, limits: BodyLimits): Problem | undefined {
  if (body.length === 0) return undefined;
  if (body.contentType !== undefined && isForm(body.contentType)) {
    return createProblem(
      'UNSUPPORTED',
      'A form body is not served here. Send it as Content-Type: application/octet-stream.',
      {
        status: 415,
        close: true,
      },
    );
  }
  const limit = bodyLimit(request, limits);
  return limit !== undefined && body.length !== undefined && body.length > limit
    ? tooLarge(limit)
    : undefined;
}

/** The body turned out to be larger than it may be. */
export function tooLarge(limit: number): Problem {
  return createProblem('SIZE_INVALID', `Larger than the ${limit} bytes that are accepted here.`, {
    close: true,
  });
}

/** Whether Go's FormValue would read a body of this type. */
export function isForm(contentType: string): boolean {
  const type = contentType.trim().toLowerCase();
  return type.startsWith('application/x-www-form-urlencoded') || type.startsWith('multipart/');
}
