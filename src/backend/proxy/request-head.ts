import type { IncomingMessage } from 'node:http';
import { isPlainAscii } from '../../lib/printable.ts';
import { typeOfBody } from '../../oci/request/body.ts';
import { requestHeaders } from '../client/request-headers.ts';
import type { Job } from '../reply/job.ts';

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
