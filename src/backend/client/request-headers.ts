import type { IncomingHttpHeaders } from 'node:http';
import type { Origin } from '../reply/job.ts';
import { FORWARDED_FIELDS } from '../../oci/request/forwarded-fields.ts';
import { toPlainAscii } from '../../lib/printable.ts';

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
