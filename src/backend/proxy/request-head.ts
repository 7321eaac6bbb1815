import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { isPlainAscii, toPlainAscii } from '../../lib/printable.ts';
import { typeOfBody } from '../../oci/request/body.ts';
import { FORWARDED_FIELDS } from '../../oci/request/forwarded-fields.ts';
import type { Job, Origin } from '../reply/job.ts';

/**
 * The header set of the request to the backend, but for its `Content-Type`. `X-Forwarded-*` are our own words: distribution builds absolute URLs
 * from them, and a client's would poison `Location` (`Forwarded` would win over ours, so it must never cross).
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
  // Programs put the name of their operating system there. No other field comes this far with such bytes.
  if (crossing['user-agent'] !== undefined) crossing['user-agent'] = toPlainAscii(crossing['user-agent']);
  // The one coding that is served, in the one spelling that every server knows: `Chunked` is good for us.
  if (crossing['transfer-encoding'] !== undefined) crossing['transfer-encoding'] = 'chunked';
  return crossing;
}

const FRAMING: ReadonlySet<string> = new Set(['content-length', 'transfer-encoding']);
const NOTHING: ReadonlySet<string> = new Set();

/** Fields that `Connection` names end at the next hop (RFC 9110 section 7.6.1); the length of a body cannot. */
function namedByConnection(connection: string | undefined): ReadonlySet<string> {
  if (connection === undefined) return NOTHING;
  const names = connection.toLowerCase().split(',');
  return new Set(names.map((name) => name.trim()).filter((name) => !FRAMING.has(name)));
}

/** A body that follows the head: its bytes, undefined where nobody knows before the end. */
export interface BodyFraming {
  readonly length: number | undefined;
}

/** What the head is made from. */
export interface Question extends Pick<Job, 'request' | 'origin'> {
  readonly req: Pick<IncomingMessage, 'headers'>;
}

/** The head of a request, in latin1, as it is written to the backend. What is said of a body is our own word. */
export function requestHead({ req, request, origin }: Question, body?: BodyFraming): string {
  const fields = requestHeaders(req.headers, origin);
  let head = `${request.method} ${request.target} HTTP/1.1\r\n`;
  for (const name in fields) if (!OF_BODY.has(name)) head += `${name}: ${fit(fields[name] ?? '')}\r\n`;
  if (body !== undefined) head += `${framing(body)}connection: close\r\n`;
  const type = typeOfBody(request, req.headers['content-type']);
  if (type !== undefined && body !== undefined) head += `content-type: ${fit(type)}\r\n`;
  return `${head}\r\n`;
}

function framing({ length }: BodyFraming): string {
  return length === undefined ? 'transfer-encoding: chunked\r\n' : `content-length: ${length}\r\n`;
}

const OF_BODY: ReadonlySet<string> = new Set(['content-length', 'transfer-encoding']);

/** No field comes this far with such a byte in it; should one ever, it ends here. */
function fit(value: string): string {
  if (!isPlainAscii(value)) throw new Error('a header field that could not be written');
  return value;
}
