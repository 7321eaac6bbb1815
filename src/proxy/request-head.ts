import type { IncomingHttpHeaders } from 'node:http';
import type { RegistryRequest } from '../registry/request.ts';
import { requestHeaders } from './request-headers.ts';
import type { Origin } from './request-headers.ts';

/** What would end a field, or the head. */
const UNFIT = /[^\t -~\u0080-\u00ff]/;

/** The head of a request without a body, in latin1, as it is written to the backend. */
export function requestHead(
  { method, target }: RegistryRequest,
  headers: IncomingHttpHeaders,
  origin: Origin,
): string {
  const fields = requestHeaders(headers, origin);
  let head = `${method} ${target} HTTP/1.1\r\n`;
  for (const name in fields) if (!OF_BODY.has(name)) head += `${name}: ${fit(fields[name] ?? '')}\r\n`;
  return `${head}\r\n`;
}

/** Without a body they say nothing, and the registry would still look for a form. */
const OF_BODY: ReadonlySet<string> = new Set(['content-length', 'content-type', 'transfer-encoding']);

/** No field comes this far with such a byte in it; should one ever, it ends here. */
function fit(value: string): string {
  if (UNFIT.test(value)) throw new Error('a header field that could not be written');
  return value;
}
