import type { IncomingHttpHeaders } from 'node:http';
import { createProblem, type Problem, type ProblemCode } from '../../oci/problem.ts';

const JSON_TYPE = /^application\/(?:[a-z0-9.+-]+\+)?json\b/i;

const HTML = /^(?:text\/html|application\/xhtml)/i;

/** Refusals of a proxy before the registry, and their codes for the client. */
const CODES: Readonly<Record<number, ProblemCode>> = {
  413: 'SIZE_INVALID',
  429: 'TOOMANYREQUESTS',
};

/**
 * Returns the problem that replaces a refusal (400 and more) which is not registry JSON: the page of a proxy, of an ingress or of some
 * other server. Clients would print such a page as a parse error. The status stays, and so does `Retry-After`. Returns
 * undefined for answers that pass: registries in Go refuse conditions, ranges and methods in plain text, and their
 * clients read the head alone.
 */
export function refusalPage(status: number, headers: IncomingHttpHeaders): Problem | undefined {
  const type = headers['content-type'];
  if (type === undefined || JSON_TYPE.test(type)) return undefined;
  if (!isPage(type) && status < 500 && CODES[status] === undefined) return undefined;
  const after = headers['retry-after'];
  const code = CODES[status] ?? (status >= 500 ? 'UNAVAILABLE' : 'UNKNOWN');
  return createProblem(code, messageOf(status), {
    status,
    headers: after === undefined ? {} : { 'Retry-After': after },
  });
}

/** Reports whether a `Content-Type` is that of a page for people. */
export function isPage(type: string): boolean {
  return HTML.test(type);
}

function messageOf(status: number): string {
  const who = `The registry behind this gate, or a proxy before it, answered ${status} with a page of its own`;
  if (status === 404) return `${who}: --backend of the gate may name no registry.`;
  if (status === 413) return `${who}: that proxy limits the size of uploads.`;
  return `${who}.`;
}
