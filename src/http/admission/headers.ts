import { FORWARDED_FIELDS, isPrintable } from '../../oci/request/forwarded-fields.ts';
import { isForeignPage } from './foreign-page.ts';
import { refuse } from './refusal.ts';
import type { Refusal } from './refusal.ts';

/** The head of an HTTP/1.1 request as it came off the wire. */
export interface RequestHead {
  readonly method: string;
  /** The request target, untouched. */
  readonly target: string;
  readonly httpVersion: string;
  /** Names and values in turn, as Node.js gives them in `rawHeaders`. */
  readonly rawHeaders: readonly string[];
}

/** Fields that may stand once at most. Node joins or drops a second one silently; a backend may choose the other. */
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

/** Fields whose text goes on to the registry. Of `User-Agent` the odd bytes are replaced: it is for people to read. */
const PLAIN: ReadonlySet<string> = new Set(FORWARDED_FIELDS.filter((name) => name !== 'user-agent'));

/** The single-valued fields of a request by lower-case name. */
export type Singles = ReadonlyMap<string, string>;

/** uri-host [":" port] of RFC 9110 section 7.2: a name, an IPv4 address, or an IPv6 address in brackets. */
const HOST = /^(?:[A-Za-z0-9](?:[A-Za-z0-9._-]{0,253})|\[[0-9A-Fa-f:.]{2,45}\])(?::(\d{1,5}))?$/;
const LENGTH = /^(?:0|[1-9]\d{0,15})$/;
const BODILESS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'DELETE', 'OPTIONS']);

/** Reads the fields that may stand once, and refuses those that a server behind might read otherwise. */
export function collectSingles(rawHeaders: readonly string[]): Singles | Refusal {
  const singles = new Map<string, string>();
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] ?? '').toLowerCase();
    if (PLAIN.has(name) && !isPrintable(rawHeaders[i + 1] ?? '')) {
      return refuse(400, 'UNSUPPORTED', `The header field ${name} holds more than printable ASCII.`);
    }
    if (!SINGLE.has(name)) continue;
    if (singles.has(name)) return refuse(400, 'UNSUPPORTED', `The header field ${name} is given twice.`);
    singles.set(name, rawHeaders[i + 1] ?? '');
  }
  return singles;
}

export function judgeHeaders(head: RequestHead, singles: Singles): Refusal | undefined {
  return (
    judgeHost(singles.get('host')) ??
    judgeFraming(head, singles) ??
    judgeExpect(head, singles.get('expect')) ??
    judgePage(head, singles.get('sec-fetch-site'))
  );
}

/** RFC 9112 section 3.2: exactly one valid Host, or 400. We ask it of HTTP/1.0 too: no registry client leaves it out. */
function judgeHost(host: string | undefined): Refusal | undefined {
  const match = host === undefined ? null : HOST.exec(host);
  if (match === null || Number(match[1] ?? 0) > 65535) {
    return refuse(400, 'UNSUPPORTED', 'The Host header is missing or not a host name with an optional port.');
  }
  return undefined;
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

/** A chunked body may turn out to be empty: it is looked at before anything else is done. One that is asked for is not. */
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

/** What changes something is never done for a page of another origin, whoever sits in front of it. */
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
