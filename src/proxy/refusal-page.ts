import type { IncomingHttpHeaders } from 'node:http';
import { createProblem } from '../registry/problem.ts';
import type { Problem, ProblemCode } from '../registry/problem.ts';

const JSON_TYPE = /^application\/(?:[a-z0-9.+-]+\+)?json\b/i;

const CODES: Readonly<Record<number, ProblemCode>> = {
  403: 'DENIED',
  413: 'SIZE_INVALID',
  429: 'TOOMANYREQUESTS',
};

/**
 * What the client gets in place of a refusal that is no registry JSON: the page of a proxy, of an ingress or of some
 * other server. Clients print such a page as a parse error. The status stays, and so does `Retry-After`. Undefined for
 * answers that pass: a 416 of a registry in Go is plain text, and its client reads the head alone.
 */
export function refusalPage(status: number, headers: IncomingHttpHeaders): Problem | undefined {
  const type = headers['content-type'];
  if (status < 400 || status === 416 || type === undefined || JSON_TYPE.test(type)) return undefined;
  const after = headers['retry-after'];
  const code = CODES[status] ?? (status >= 500 ? 'UNAVAILABLE' : 'UNKNOWN');
  return createProblem(code, messageOf(status), {
    status,
    headers: after === undefined ? {} : { 'Retry-After': after },
  });
}

function messageOf(status: number): string {
  const who = `The registry behind this gate, or a proxy before it, answered ${status} with a page of its own`;
  if (status === 404) return `${who}: --backend of the gate may name no registry.`;
  if (status === 413) return `${who}: that proxy limits the size of uploads.`;
  return `${who}.`;
}
