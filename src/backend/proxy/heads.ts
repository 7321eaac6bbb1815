import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { createProblem, type Problem } from '../../oci/problem.ts';
import type { RegistryRequest } from '../../oci/request/parse.ts';
import { sealFields } from '../../oci/request/sealed-upload.ts';
import { shutIn, type Framing } from '../../lib/http1/answer-head.ts';
import type { Backend } from '../client/backend.ts';
import type { Job, Origin } from '../reply/job.ts';
import { isSameAddress, redirectAtBackend, rewriteLocation, type LocationContext } from './location.ts';
import { refusalPage } from './refusal-page.ts';
import { isPlainAscii, toPlainAscii } from '../../lib/printable.ts';
import { typeOfBody } from '../../oci/request/body.ts';
import { FORWARDED_FIELDS } from '../../oci/request/forwarded-fields.ts';

/**
 * Returns the header set of the request to the backend, without `Content-Type`. `X-Forwarded-*` are set by the gate:
 * distribution builds absolute URLs from them, and a client's would poison `Location`. A client's `Forwarded` would take
 * precedence over them and is dropped.
 */
export function requestHeaders(headers: IncomingHttpHeaders, origin: Origin): Record<string, string> {
  const crossing: Record<string, string> = {
    host: origin.backendHost ?? origin.host,
    'x-forwarded-for': origin.address,
    'x-forwarded-host': origin.host,
    'x-forwarded-proto': 'https',
    'x-request-id': origin.requestId,
  };
  if (origin.authorization !== undefined) crossing['authorization'] = origin.authorization;
  if (origin.trace !== undefined) Object.assign(crossing, origin.trace);
  const forThisHop = namedByConnection(headers.connection);
  for (const name of FORWARDED_FIELDS) {
    const value = headers[name];
    if (typeof value === 'string' && !forThisHop.has(name)) crossing[name] = value;
  }
  // Programs write the name of their operating system there, in any alphabet.
  if (crossing['user-agent'] !== undefined) crossing['user-agent'] = toPlainAscii(crossing['user-agent']);
  // The one coding that is accepted, in the spelling that every server knows: clients may write `Chunked`.
  if (crossing['transfer-encoding'] !== undefined) crossing['transfer-encoding'] = 'chunked';
  return crossing;
}

const FRAMING: ReadonlySet<string> = new Set(['content-length', 'transfer-encoding']);
const NOTHING: ReadonlySet<string> = new Set();

/** Returns the fields that `Connection` confines to this hop (RFC 9110 section 7.6.1), except those that frame a body. */
function namedByConnection(connection: string | undefined): ReadonlySet<string> {
  if (connection === undefined) return NOTHING;
  const names = connection.toLowerCase().split(',');
  return new Set(names.map((name) => name.trim()).filter((name) => !FRAMING.has(name)));
}

/** A body that follows the head; its length is undefined if it is chunked. */
interface BodyFraming {
  readonly length: number | undefined;
}

/** The parts of a job that the head is made from. */
interface HeadSource extends Pick<Job, 'request' | 'origin'> {
  readonly req: Pick<IncomingMessage, 'headers'>;
}

/** Returns the head of a request to the backend, in latin1. The gate writes the fields that frame a body itself. */
export function requestHead({ req, request, origin }: HeadSource, body?: BodyFraming): string {
  const fields = requestHeaders(req.headers, origin);
  let head = `${request.method} ${request.target} HTTP/1.1\r\n`;
  for (const name in fields) if (!FRAMING.has(name)) head += `${name}: ${fit(fields[name] ?? '')}\r\n`;
  if (body !== undefined) head += `${framing(body)}connection: close\r\n`;
  const type = typeOfBody(request, req.headers['content-type']);
  if (type !== undefined && body !== undefined) head += `content-type: ${fit(type)}\r\n`;
  return `${head}\r\n`;
}

function framing({ length }: BodyFraming): string {
  return length === undefined ? 'transfer-encoding: chunked\r\n' : `content-length: ${length}\r\n`;
}

/** Throws if a field cannot be written. The gate refuses such fields before. */
function fit(value: string): string {
  if (!isPlainAscii(value)) throw new Error('a header field that could not be written');
  return value;
}

const MISDIRECTED = createProblem(
  'UNAVAILABLE',
  'The registry behind this gate sends its clients elsewhere.',
  { status: 502 },
);

const REDIRECTS_TO_HTTPS = createProblem(
  'UNAVAILABLE',
  'The registry behind this gate redirects to https. The operator of the gate sets --backend to https://...',
  { status: 502 },
);

/** The registry requires credentials, or refuses those of the gate. */
export const OWN_LOGIN = createProblem(
  'UNAVAILABLE',
  'The registry behind this gate wants a login of its own, or refuses the one of the gate. Switch its authentication off, or set backendUser.',
  { status: 502 },
);

export const STRANGE = createProblem(
  'UNAVAILABLE',
  'The answer of the registry behind this gate is not fit to be passed on.',
  { status: 502 },
);

const TOO_OLD = createProblem('UNSUPPORTED', 'This answer has no length. Ask for it with HTTP/1.1.', {
  status: 505,
});

/** The head of an answer whose framing was judged. */
interface ReceivedHead extends Pick<Framing, 'framing'> {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
}

type CrossingOutcome =
  | { readonly ok: true; readonly headers: Record<string, string> }
  | {
      readonly ok: false;
      readonly problem: Problem;
      /** The target on the same server that has the answer, if any. Clients cannot reach it. */
      readonly follow?: string | undefined;
    };

/** Judges a valid answer: the fields that the client gets, or the problem that it gets instead. */
export function crossAnswer(
  { status, headers, framing }: ReceivedHead,
  { req, request, origin, uploadSeal }: Pick<Job, 'req' | 'request' | 'origin' | 'uploadSeal'>,
  { authority, prefix }: Pick<Backend, 'authority' | 'prefix'>,
): CrossingOutcome {
  const problem = refusalOf(status) ?? (status < 400 ? undefined : refusalPage(status, headers));
  if (problem !== undefined) return { ok: false, problem };
  const context = {
    status,
    route: request.route.kind,
    authorities: [origin.host.toLowerCase(), authority],
    prefix,
    uploadSeal,
  };
  const { location } = headers;
  if (location !== undefined && isSameAddress(location, request.target, status)) {
    return { ok: false, problem: /^https:/i.test(location) ? REDIRECTS_TO_HTTPS : MISDIRECTED };
  }
  const outcome = responseHeaders(headers, context);
  if (!outcome.ok) return { ok: false, problem: MISDIRECTED, follow: followed(location, request, context) };
  // HTTP/1.0 has no chunks: its client would take the end of the connection for the end of the answer.
  if (framing === 'chunked' && req.httpVersion === '1.0') return { ok: false, problem: TOO_OLD };
  return outcome;
}

function followed(
  location: string | undefined,
  { method, target }: RegistryRequest,
  context: LocationContext,
): string | undefined {
  if (location === undefined || (method !== 'GET' && method !== 'HEAD')) return undefined;
  return redirectAtBackend(location, target, context);
}

/** Returns a problem for answers that are not for the client. With the challenge of the backend a foreign realm would collect passwords. */
function refusalOf(status: number): Problem | undefined {
  if (status === 401 || status === 407) return OWN_LOGIN;
  return status < 200 || status > 599 ? STRANGE : undefined;
}

/** Fields of the backend that reach the client. Hop-by-hop fields, cookies, CORS and challenges do not. */
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

type HeadersOutcome =
  | { readonly ok: true; readonly headers: Record<string, string> }
  /** The answer would send the client to an address that the gate cannot vouch for. */
  | { readonly ok: false };

/** Returns the header set of the answer to the client, with relative `Location` and `Link`. */
export function responseHeaders(headers: IncomingHttpHeaders, context: LocationContext): HeadersOutcome {
  const crossing: Record<string, string> = {
    'docker-distribution-api-version': 'registry/2.0',
    'x-content-type-options': 'nosniff',
  };
  for (const name of Object.keys(headers)) {
    const value = headers[name];
    if (CROSSING.has(name) && typeof value === 'string') crossing[name] = value;
  }
  // The registry must not be able to put a page of its own beside those of the gate.
  Object.assign(crossing, shutIn(crossing['content-type']));
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
  // A 204 has no length (RFC 9110 section 8.6).
  if (context.status === 204) delete crossing['content-length'];
  const { uploadSeal } = context;
  return { ok: true, headers: uploadSeal === undefined ? crossing : sealFields(crossing, uploadSeal) };
}

/**
 * Rewrites `Link: <http://backend/v2/_catalog?last=x>; rel="next"` to the path-absolute form (RFC 8288). Clients follow a
 * link with their credentials: returns undefined if one leads anywhere else.
 */
function relativeLinks(link: string, prefix = ''): string | undefined {
  const relative = link
    .replace(/<https?:\/\/[^/?#\\>]+(\/[^>]*)>/gi, (whole: string, path: string) =>
      path.startsWith('/v2/') || path.startsWith(`${prefix}/v2/`) ? `<${path}>` : whole,
    )
    .replaceAll(`<${prefix}/v2/`, '</v2/');
  return /<\s*(?:[a-z][a-z0-9+.-]*:|[/\\]{2})|\\/i.test(relative) ? undefined : relative;
}
