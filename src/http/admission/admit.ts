import { collectSingles, judgeHeaders } from './headers.ts';
import type { RequestHead } from './headers.ts';
import { refuse } from './refusal.ts';
import type { Refusal } from './refusal.ts';
import { judgeTarget } from './target.ts';

export interface AdmissionLimits {
  /** Header fields of one request. */
  readonly headers: number;
}

export const ALLOWED_METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;
const METHOD_SET: ReadonlySet<string> = new Set(ALLOWED_METHODS);

/**
 * Whether the form of a request can be read in exactly one way. Stricter than Node's parser, which takes two Hosts,
 * `Content-Length: 005`, TRACE and HTTP/0.9: whatever a backend might read otherwise than we do is refused here, before
 * anybody is asked who they are. Undefined admits.
 */
export function admit(head: RequestHead, limits: AdmissionLimits): Refusal | undefined {
  if (head.httpVersion !== '1.1' && head.httpVersion !== '1.0') {
    return refuse(505, 'UNSUPPORTED', 'This server speaks HTTP/1.1.');
  }
  // Node hides the fields past its own limit but frames the body by them (CVE-2026-58044): our own, lower limit.
  if (head.rawHeaders.length > limits.headers * 2) {
    return refuse(431, 'UNSUPPORTED', `More than ${limits.headers} header fields.`);
  }
  if (!METHOD_SET.has(head.method)) {
    return refuse(405, 'UNSUPPORTED', 'This method is not served.', { Allow: ALLOWED_METHODS.join(', ') });
  }
  const singles = collectSingles(head.rawHeaders);
  return 'status' in singles
    ? singles
    : (judgeHeaders(head, singles) ?? judgeTarget(head.method, head.target));
}
