import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { isPlainAscii, toPlainAscii } from '../../lib/printable.ts';
import { typeOfBody } from '../../oci/request/body.ts';
import { FORWARDED_FIELDS } from '../../oci/request/forwarded-fields.ts';
import type { Job, Origin } from '../reply/job.ts';

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

/** Throws if a field cannot be written. The gate refuses such fields before. */
function fit(value: string): string {
  if (!isPlainAscii(value)) throw new Error('a header field that could not be written');
  return value;
}
