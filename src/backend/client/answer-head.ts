/** The head of an answer, judged and ready for use. */
export interface AnswerHead {
  readonly status: number;
  /** By lower-case name. A field that came more than once is joined with a comma, or the first of it counts, as with `node:http`. */
  readonly headers: Readonly<Record<string, string>>;
  /** How the end of the body is told. `none`: there is no body, whatever the fields say. */
  readonly framing: 'none' | 'length' | 'chunked';
  /** Bytes of the body; 0 without a body, undefined in chunks. */
  readonly length: number | undefined;
  /** Whether the other side means to go on with this connection. */
  readonly keepAlive: boolean;
  /** How long it will wait for the next request, in milliseconds, where it says so. */
  readonly keepAliveMs: number | undefined;
}

/** Why bytes are no answer. */
export interface AnswerFault {
  /**
   * `malformed`: not HTTP/1.1, or not one meaning. `unmeasured`: a body of which nobody could tell whether it is whole.
   * `upgrade`: the other side wants to speak something else.
   */
  readonly kind: 'malformed' | 'unmeasured' | 'upgrade';
  /** In a few words, without a byte of the answer. */
  readonly reason: string;
}

export type HeadOutcome =
  | { readonly ok: true; readonly head: AnswerHead }
  | { readonly ok: false; readonly fault: AnswerFault };

/** What is said of a 400 in HTTP/1.0 without a length: Go sends it to a client that did not begin with TLS. */
export const EXPECTS_TLS = 'the refusal of a server that expects TLS';

const STATUS_LINE = /^HTTP\/1\.([01]) ([1-5]\d\d)(?: [\t -~\u0080-\u00ff]*)?\r\n/;
const FIELD = /([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t -~\u0080-\u00ff]*)\r\n/y;
/** Up to a petabyte: a number that is counted without loss. */
const LENGTH = /^\d{1,15}$/;
const CHUNKED = /^chunked *$/i;
/** Of more `node:http` would show no more than these, and say nothing. */
const MOST_FIELDS = 1000;

/** Fields that say one thing: of a second one nothing is taken (as `node:http` does). */
const SINGLE: ReadonlySet<string> = new Set([
  'age',
  'content-type',
  'etag',
  'expires',
  'last-modified',
  'location',
  'retry-after',
  'server',
]);

/**
 * Judges the head of an answer (RFC 9112 sections 4 and 5), given as latin1 with its empty line at the end. It is never
 * more lenient than the parser of Node.js; where two readings are possible there is none.
 */
export function parseAnswerHead(text: string, method: string): HeadOutcome {
  const line = STATUS_LINE.exec(text);
  if (line === null) return malformed('no status line');
  const headers = parseFields(text, line[0].length);
  if (typeof headers === 'string') return malformed(headers);
  return frame(headers, { status: Number(line[2]), isOld: line[1] === '0', isHead: method === 'HEAD' });
}

/** The fields, or what is wrong with them. */
function parseFields(text: string, from: number): Record<string, string> | string {
  // Without a prototype: a field may have any name.
  const headers = Object.create(null) as Record<string, string>;
  const last = text.length - 2;
  let at = from;
  let count = 0;
  while (at < last) {
    FIELD.lastIndex = at;
    const field = FIELD.exec(text);
    if (field === null) return 'a malformed field';
    if ((count += 1) > MOST_FIELDS) return 'too many fields';
    at = FIELD.lastIndex;
    const name = (field[1] ?? '').toLowerCase();
    const value = trim(name, field[2] ?? '');
    const before = headers[name];
    if (before === undefined) headers[name] = value;
    else if (name === 'content-length' || name === 'transfer-encoding') return `${name} twice`;
    else if (!SINGLE.has(name)) headers[name] = `${before}, ${value}`;
  }
  return headers;
}

/** Without the spaces at the end; but for a coding, since the parser of Node.js knows none that a tab follows. */
function trim(name: string, value: string): string {
  if (name === 'transfer-encoding') return value;
  let end = value.length;
  // Of spaces and tabs alone: to a text in latin1 0xa0 is a space as well.
  while (end > 0 && (value[end - 1] === ' ' || value[end - 1] === '\t')) end -= 1;
  return value.slice(0, end);
}

interface Circumstances {
  readonly status: number;
  readonly isOld: boolean;
  readonly isHead: boolean;
}

/** How the end of the body is told (RFC 9112 section 6.3). */
function frame(headers: Record<string, string>, circumstances: Circumstances): HeadOutcome {
  const { status, isOld, isHead } = circumstances;
  const declared = headers['content-length'];
  const coding = headers['transfer-encoding'];
  const wrong = judgeFraming(declared, coding, circumstances);
  if (wrong !== undefined) return malformed(wrong);
  if (status === 101) return { ok: false, fault: { kind: 'upgrade', reason: 'another protocol' } };
  const common = { status, headers, ...persistence(headers, isOld) };
  if (isHead || isBodiless(status)) return { ok: true, head: { ...common, framing: 'none', length: 0 } };
  if (coding !== undefined) return { ok: true, head: { ...common, framing: 'chunked', length: undefined } };
  if (declared === undefined) {
    const reason = isOld && status === 400 ? EXPECTS_TLS : 'neither a length nor chunks';
    return { ok: false, fault: { kind: 'unmeasured', reason } };
  }
  return { ok: true, head: { ...common, framing: 'length', length: Number(declared) } };
}

function judgeFraming(
  declared: string | undefined,
  coding: string | undefined,
  { status, isOld }: Circumstances,
): string | undefined {
  if (declared !== undefined) {
    if (!LENGTH.test(declared)) return 'a length that is no number';
    if (coding !== undefined) return 'a length and a transfer coding';
    // Of a 304 it speaks of the body that there would be.
    if (status === 204 && Number(declared) > 0) return 'a length where no body may be';
  }
  if (coding === undefined) return undefined;
  return isOld || !CHUNKED.test(coding) ? 'a transfer coding that is not chunked' : undefined;
}

function isBodiless(status: number): boolean {
  return status < 200 || status === 204 || status === 304;
}

function persistence(
  headers: Record<string, string>,
  isOld: boolean,
): Pick<AnswerHead, 'keepAlive' | 'keepAliveMs'> {
  const connection = headers['connection'];
  const closes = connection !== undefined && /(?:^|,)[ \t]*close[ \t]*(?:,|$)/i.test(connection);
  const seconds = /(?:^|[,; \t])timeout=(\d{1,6})/i.exec(headers['keep-alive'] ?? '')?.[1];
  return {
    keepAlive: !isOld && !closes,
    keepAliveMs: seconds === undefined ? undefined : Number(seconds) * 1000,
  };
}

function malformed(reason: string): HeadOutcome {
  return { ok: false, fault: { kind: 'malformed', reason } };
}
