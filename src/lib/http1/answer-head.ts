/** How the end of a body is found (RFC 9112 section 6.3). */
export interface Framing {
  /** `none`: there is no body, whatever the fields say. `close`: it ends with the connection. */
  readonly framing: 'none' | 'length' | 'chunked' | 'close';
  /** Bytes of the body; 0 without a body, undefined if it is chunked or ends with the connection. */
  readonly length: number | undefined;
}

/** The head of a valid answer. */
export interface AnswerHead extends Framing {
  readonly status: number;
  /** By lower-case name. Repeated fields are joined with a comma, or the first one counts, as with `node:http`. */
  readonly headers: Readonly<Record<string, string>>;
  /** Whether the backend keeps the connection open. */
  readonly keepAlive: boolean;
  /** How long the backend waits for the next request, in milliseconds, if it says so. */
  readonly keepAliveMs: number | undefined;
}

/** Why an answer is not valid. */
export interface AnswerFault {
  /**
   * `malformed`: not HTTP/1.1, or ambiguous. `unmeasured`: nothing tells whether the body is complete. `expects-tls`: the
   * answer of a server in Go to a client that did not begin with TLS. `upgrade`: a switch to another protocol.
   */
  readonly kind: 'malformed' | 'unmeasured' | 'expects-tls' | 'upgrade';
  /** A few words, without a byte of the answer. */
  readonly reason: string;
}

interface Refused {
  readonly ok: false;
  readonly fault: AnswerFault;
}

type HeadOutcome = { readonly ok: true; readonly head: AnswerHead } | Refused;

const STATUS_LINE = /^HTTP\/1\.([01]) ([1-5]\d\d)(?: [\t -~\u0080-\u00ff]*)?\r\n/;
const FIELD = /([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t -~\u0080-\u00ff]*)\r\n/y;
/** Up to a petabyte: a number without rounding. */
const LENGTH = /^\d{1,15}$/;
const CHUNKED = /^chunked *$/i;
/** `node:http` silently drops further fields. */
const MOST_FIELDS = 1000;

/** Fields of which only the first counts, as with `node:http`. */
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
 * Parses the head of an answer (RFC 9112 sections 4 and 5), given as latin1 with its empty line at the end. It accepts
 * nothing that the parser of Node.js refuses, and nothing that can be read in two ways. `untilClose`: a body may end with
 * the connection, since its reader knows how long it is.
 */
export function parseAnswerHead(text: string, method: string, untilClose = false): HeadOutcome {
  const line = STATUS_LINE.exec(text);
  if (line === null) return malformed('no status line');
  const headers = parseFields(text, line[0].length);
  if (typeof headers === 'string') return malformed(headers);
  const status = Number(line[2]);
  const isOld = line[1] === '0';
  const framed = judgeFraming(headers, { status, isOld, isHead: method === 'HEAD', untilClose });
  if (!framed.ok) return framed;
  const { framing, length } = framed;
  const keepAlive = !isOld && framing !== 'close' && !closes(headers['connection']);
  const head = {
    status,
    headers,
    framing,
    length,
    keepAlive,
    keepAliveMs: keepAliveMs(headers['keep-alive']),
  };
  return { ok: true, head };
}

/** Returns the fields, or what is wrong with them. */
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

/** Removes the spaces at the end. A coding keeps them: the parser of Node.js accepts none that a tab follows. */
function trim(name: string, value: string): string {
  if (name === 'transfer-encoding') return value;
  let end = value.length;
  // Spaces and tabs alone: `trim` would remove 0xa0 as well.
  while (end > 0 && (value[end - 1] === ' ' || value[end - 1] === '\t')) end -= 1;
  return value.slice(0, end);
}

interface Circumstances {
  readonly status: number;
  /** Whether the answer is in HTTP/1.0. */
  readonly isOld: boolean;
  /** Whether it answers HEAD. */
  readonly isHead: boolean;
  /** Whether a body may end with the connection. Default: false. */
  readonly untilClose?: boolean;
}

interface FramingFields {
  readonly 'content-length'?: string | undefined;
  readonly 'transfer-encoding'?: string | undefined;
}

type FramingOutcome = ({ readonly ok: true } & Framing) | Refused;

/**
 * Judges how the end of a body is found. Without a length and without chunks the end of the connection would be the end
 * of the body, and half a layer would pass for a whole one.
 */
export function judgeFraming(fields: FramingFields, circumstances: Circumstances): FramingOutcome {
  const { status, isOld, isHead, untilClose } = circumstances;
  const declared = fields['content-length'];
  const coding = fields['transfer-encoding'];
  const wrong = contradiction(declared, coding, circumstances);
  if (wrong !== undefined) return malformed(wrong);
  if (status === 101) return refuse('upgrade', 'another protocol');
  if (isHead || isBodiless(status)) return { ok: true, framing: 'none', length: 0 };
  if (coding !== undefined) return { ok: true, framing: 'chunked', length: undefined };
  if (declared !== undefined) return { ok: true, framing: 'length', length: Number(declared) };
  if (untilClose) return { ok: true, framing: 'close', length: undefined };
  return isOld && status === 400
    ? refuse('expects-tls', 'the refusal of a server that expects TLS')
    : refuse('unmeasured', 'neither a length nor chunks');
}

function contradiction(
  declared: string | undefined,
  coding: string | undefined,
  { status, isOld }: Circumstances,
): string | undefined {
  if (declared !== undefined) {
    if (!LENGTH.test(declared)) return 'a length that is no number';
    if (coding !== undefined) return 'a length and a transfer coding';
    // In a 304 it is the length of the body that a 200 would have.
    if (status === 204 && Number(declared) > 0) return 'a length where no body may be';
  }
  if (coding === undefined) return undefined;
  return isOld || !CHUNKED.test(coding) ? 'a transfer coding that is not chunked' : undefined;
}

function isBodiless(status: number): boolean {
  return status < 200 || status === 204 || status === 304;
}

function closes(connection: string | undefined): boolean {
  return connection !== undefined && /(?:^|,)[ \t]*close[ \t]*(?:,|$)/i.test(connection);
}

function keepAliveMs(field: string | undefined): number | undefined {
  const seconds = field === undefined ? undefined : /(?:^|[,; \t])timeout=(\d{1,6})/i.exec(field)?.[1];
  return seconds === undefined ? undefined : Number(seconds) * 1000;
}

function malformed(reason: string): Refused {
  return refuse('malformed', reason);
}

function refuse(kind: AnswerFault['kind'], reason: string): Refused {
  return { ok: false, fault: { kind, reason } };
}

/**
 * Media types that no browser shows as a page: what registries send. A list in which one stands is none of them, since
 * browsers take the last type that they can read (Fetch, "extract a MIME type").
 */
const INERT =
  /^(?:application\/(?:octet-stream|json|vnd\.[\w.-]+(?:\+(?:json|gzip|zstd))?)|multipart\/byteranges|text\/plain)(?:;[^,]*)?$/i;

const SHUT_IN = {
  'content-disposition': 'attachment',
  'content-security-policy': "default-src 'none'; sandbox",
} as const;

/**
 * Returns the fields of content of this media type, whoever made it, that a browser might run or show: it saves it
 * instead, and if it does show it then outside of the origin of the pages, without scripts, forms and anything from
 * elsewhere (CSP 3 section 6.3.2). Registry clients read none of them. Undefined for what may come as it is.
 */
export function shutIn(type: string | undefined): typeof SHUT_IN | undefined {
  return type === undefined || INERT.test(type) ? undefined : SHUT_IN;
}
