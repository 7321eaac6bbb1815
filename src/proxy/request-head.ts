import type { IncomingMessage } from 'node:http';
import { requestHeaders } from './request-headers.ts';
import type { ForwardJob } from './transfer.ts';

/** What would end a field, or the head. */
const UNFIT = /[^\t -~\u0080-\u00ff]/;

/** A body that follows the head: its bytes, undefined where nobody knows before the end. */
export interface BodyFraming {
  readonly length: number | undefined;
}

/** What the head is made from. */
export interface Question extends Pick<ForwardJob, 'request' | 'origin'> {
  readonly req: Pick<IncomingMessage, 'headers'>;
}

/** The head of a request, in latin1, as it is written to the backend. What is said of a body is our own word. */
export function requestHead(
  { req, request: { method, target }, origin }: Question,
  body?: BodyFraming,
): string {
  const fields = requestHeaders(req.headers, origin);
  let head = `${method} ${target} HTTP/1.1\r\n`;
  for (const name in fields) if (!OF_BODY.has(name)) head += `${name}: ${fit(fields[name] ?? '')}\r\n`;
  if (body !== undefined) head += `${framing(body)}connection: close\r\n`;
  const type = fields['content-type'];
  if (type !== undefined && body !== undefined && body.length !== 0) head += `content-type: ${fit(type)}\r\n`;
  return `${head}\r\n`;
}

function framing({ length }: BodyFraming): string {
  return length === undefined ? 'transfer-encoding: chunked\r\n' : `content-length: ${length}\r\n`;
}

/** Without a body they say nothing, and the registry would still look for a form. */
const OF_BODY: ReadonlySet<string> = new Set(['content-length', 'content-type', 'transfer-encoding']);

/** No field comes this far with such a byte in it; should one ever, it ends here. */
function fit(value: string): string {
  if (UNFIT.test(value)) throw new Error('a header field that could not be written');
  return value;
}
