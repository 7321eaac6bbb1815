import type { IncomingMessage } from 'node:http';
import { FORWARDED_FIELDS } from '../oci/request/forwarded-fields.ts';
import { isHost } from '../lib/network.ts';
import { isPlainAscii } from '../lib/printable.ts';
import { createProblem, type Problem, type ProblemCode } from '../oci/problem.ts';

export interface AdmissionLimits {
  /** The most header fields of one request. */
  readonly headers: number;
}

export const ALLOWED_METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;
const METHOD_SET: ReadonlySet<string> = new Set(ALLOWED_METHODS);

/**
 * Checks that a request can be read in exactly one way. It is stricter than Node's parser, which accepts two Hosts,
 * `Content-Length: 005`, TRACE and HTTP/0.9: anything that a backend might read differently is refused here, before
 * authentication. Returns undefined for a request that is admitted.
 */
export function admit(head: RequestHead, limits: AdmissionLimits): Refusal | undefined {
  if (head.httpVersion !== '1.1' && head.httpVersion !== '1.0') {
    return refuse(505, 'UNSUPPORTED', 'This server speaks HTTP/1.1.');
  }
  // Node hides the fields beyond its own limit but frames the body by them (CVE-2026-58044): this limit is lower.
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

/** The head of an HTTP/1.1 request as it arrived. */
export interface RequestHead {
  readonly method: string;
  /** The request target, unchanged. */
  readonly target: string;
  readonly httpVersion: string;
  /** Names and values in turn, as Node.js gives them in `rawHeaders`. */
  readonly rawHeaders: readonly string[];
}

/** The fields that may appear at most once. Node joins or drops a second one silently; a backend may choose the other one. */
const SINGLE: ReadonlySet<string> = new Set([
  'authorization',
  'content-length',
  'content-range',
  'content-type',
  'docker-content-digest',
  'expect',
  'host',
  'if-modified-since',
  'if-range',
  'if-unmodified-since',
  'oci-chunk-min-length',
  'range',
  'sec-fetch-site',
  'transfer-encoding',
]);

/** The fields whose values are forwarded to the registry. In `User-Agent`, which only people read, odd bytes are replaced. */
const PLAIN: ReadonlySet<string> = new Set(FORWARDED_FIELDS.filter((name) => name !== 'user-agent'));

/** The single-valued fields of a request by lower-case name. */
type Singles = ReadonlyMap<string, string>;

const LENGTH = /^(?:0|[1-9]\d{0,15})$/;
const BODILESS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'DELETE', 'OPTIONS']);

/** Collects the fields that may appear once, and refuses values that a backend might read differently. */
function collectSingles(rawHeaders: readonly string[]): Singles | Refusal {
  const singles = new Map<string, string>();
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] ?? '').toLowerCase();
    if (PLAIN.has(name) && !isPlainAscii(rawHeaders[i + 1] ?? '')) {
      return refuse(400, 'UNSUPPORTED', `The header field ${name} holds more than printable ASCII.`);
    }
    if (!SINGLE.has(name)) continue;
    if (singles.has(name)) return refuse(400, 'UNSUPPORTED', `The header field ${name} is given twice.`);
    singles.set(name, rawHeaders[i + 1] ?? '');
  }
  return singles;
}

function judgeHeaders(head: RequestHead, singles: Singles): Refusal | undefined {
  return (
    judgeHost(singles.get('host')) ??
    judgeFraming(head, singles) ??
    judgeExpect(head, singles.get('expect')) ??
    judgePage(head, singles.get('sec-fetch-site'))
  );
}

/** RFC 9112 section 3.2: exactly one valid Host, or 400. HTTP/1.0 needs it here too: every registry client sends it. */
function judgeHost(host: string | undefined): Refusal | undefined {
  if (host !== undefined && isHost(host)) return undefined;
  return refuse(400, 'UNSUPPORTED', 'The Host header is missing or not a host name with an optional port.');
}

/** RFC 9112 section 6: one of Content-Length (plain decimal) and `Transfer-Encoding: chunked`, never both. */
function judgeFraming(head: RequestHead, singles: Singles): Refusal | undefined {
  const length = singles.get('content-length');
  const encoding = singles.get('transfer-encoding');
  if (length !== undefined && !isPlainLength(length)) {
    return refuse(400, 'SIZE_INVALID', 'Content-Length is not a plain decimal number.');
  }
  if (encoding !== undefined && (length !== undefined || !isPlainChunked(head, encoding))) {
    return refuse(
      400,
      'UNSUPPORTED',
      'The one served Transfer-Encoding is chunked, over HTTP/1.1, without Content-Length.',
    );
  }
  return isBodiless(head, singles)
    ? undefined
    : refuse(400, 'UNSUPPORTED', `A ${head.method} request carries no body here.`);
}

/** An empty body may be chunked: it is read before anything else is done, unless the client waits for a 100. */
function isBodiless({ method }: RequestHead, singles: Singles): boolean {
  if (!BODILESS.has(method)) return true;
  if ((singles.get('content-length') ?? '0') !== '0') return false;
  return !singles.has('transfer-encoding') || (method !== 'OPTIONS' && !singles.has('expect'));
}

function isPlainLength(text: string): boolean {
  return LENGTH.test(text) && Number(text) <= Number.MAX_SAFE_INTEGER;
}

function isPlainChunked(head: RequestHead, encoding: string): boolean {
  return encoding.toLowerCase() === 'chunked' && head.httpVersion === '1.1';
}

/** A page of another origin can never change anything here. */
function judgePage({ method }: RequestHead, fetchSite: string | undefined): Refusal | undefined {
  const isReading = method === 'GET' || method === 'HEAD' || method === 'OPTIONS';
  return isReading || !isForeignPage(fetchSite)
    ? undefined
    : refuse(403, 'DENIED', 'Pages of other sites may change nothing here.');
}

/** RFC 9110 section 10.1.1. */
function judgeExpect(head: RequestHead, expect: string | undefined): Refusal | undefined {
  if (expect === undefined || (expect.toLowerCase() === '100-continue' && head.httpVersion === '1.1'))
    return undefined;
  return refuse(417, 'UNSUPPORTED', 'The one expectation that is served is 100-continue.');
}

const LONGEST_TARGET = 8192;
/** pchar, "/" and "?" of RFC 3986. `#`, `\`, quotes, braces, control characters and non-ASCII are refused. */
const TARGET = /^\/[A-Za-z0-9\-._~!$&'()*+,;=:@/?%]*$/;
/** Segments that a backend might normalise into another path: `//`, `/.`, `/..`, a path parameter. */
const FOLDABLE = /\/\/|\/\.|;/;
/** An escape other than `%3A`, which some clients write in a digest. */
const ESCAPE = /%(?!3[Aa])/;

/**
 * Checks the form of a request target (RFC 9112 section 3.2): origin-form, or `*` with OPTIONS. Nothing is decoded or
 * normalised: a path that would need it is refused. So is the absolute form, which is for forward proxies.
 */
export function judgeTarget(method: string, target: string): Refusal | undefined {
  if (target === '*' && method === 'OPTIONS') return undefined;
  if (target.length > LONGEST_TARGET)
    return refuse(414, 'UNSUPPORTED', 'The request target is longer than 8 KiB.');
  if (!TARGET.test(target))
    return refuse(400, 'NAME_INVALID', 'The request target holds characters that no registry path needs.');
  const mark = target.indexOf('?');
  const path = mark < 0 ? target : target.slice(0, mark);
  if (FOLDABLE.test(path) || ESCAPE.test(path)) {
    return refuse(
      400,
      'NAME_INVALID',
      'The path is not in its plain form: no escapes, no empty or dotted segments.',
    );
  }
  return undefined;
}

/** The values of `Sec-Fetch-Site` (W3C Fetch Metadata, section 2.4) for requests of the user or of a page of the same origin. */
const OWN: ReadonlySet<string> = new Set(['none', 'same-origin']);

/**
 * Reports whether a browser sends this for a page of another origin. A browser adds its stored password to whatever any
 * page makes it send; registry clients are not browsers and do not send the field.
 */
export function isForeignPage(fetchSite: string | readonly string[] | undefined): boolean {
  return fetchSite !== undefined && !(typeof fetchSite === 'string' && OWN.has(fetchSite.toLowerCase()));
}

/** A problem with the form of a request. It ends the connection: after one malformed request, the next one is suspect. */
type Refusal = Problem;

function refuse(
  status: number,
  code: ProblemCode,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): Refusal {
  return createProblem(code, message, { status, headers, close: true });
}

const TOO_LATE = createProblem('UNSUPPORTED', 'The end of the request did not come.', {
  status: 408,
  close: true,
});

/** Reports whether the request has a body, even an empty one, whose end must be read before anything else is done. */
export function hasEmptyBody({ method, headers }: IncomingMessage): boolean {
  return (
    headers['transfer-encoding'] !== undefined &&
    (method === 'GET' || method === 'HEAD' || method === 'DELETE')
  );
}

interface EmptyBodyOptions {
  /** How long the end may take to arrive, in milliseconds. */
  readonly limitMs: number;
  readonly onEnd: () => void;
  readonly onProblem: (problem: Problem) => void;
}

/**
 * Reads a chunked body of no bytes to its end. Some proxies write requests without a body in that way (RFC 9112 section
 * 7.1). Nothing is done before that: what follows an unexpected byte could belong to this body, or to the next request.
 * Afterwards the request has no body, and its framing is not forwarded.
 */
export function takeEmptyBody(req: IncomingMessage, { limitMs, onEnd, onProblem }: EmptyBodyOptions): void {
  let isOver = false;
  const settle = (then: () => void): void => {
    if (isOver) return;
    isOver = true;
    clearTimeout(timer);
    then();
  };
  const refuse = (problem: Problem): void => settle(() => onProblem(problem));
  const timer = setTimeout(() => refuse(TOO_LATE), limitMs);
  req.once('data', () => refuse(notEmpty(req)));
  req.once('end', () =>
    settle(() => {
      delete req.headers['transfer-encoding'];
      onEnd();
    }),
  );
  req.once('close', () => settle(() => undefined));
}

function notEmpty({ method }: IncomingMessage): Problem {
  return createProblem('UNSUPPORTED', `A ${method} request carries no body here.`, {
    status: 400,
    close: true,
  });
}
