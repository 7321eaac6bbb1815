/** One request as it stood on a wire. */
export interface WireRequest {
  readonly method: string;
  readonly target: string;
  /** In the order of the wire, names as they were written. */
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Buffer;
  /** The trailer section of a chunked body, without the last empty line. */
  readonly trailers: string;
  readonly raw: string;
}

export type WireOutcome =
  | { readonly kind: 'request'; readonly request: WireRequest; readonly length: number }
  /** So far a correct beginning; `head` as soon as that is complete. */
  | { readonly kind: 'partial'; readonly head: WireHead | undefined }
  | { readonly kind: 'malformed'; readonly reason: string };

export type WireHead = Pick<WireRequest, 'method' | 'target' | 'headers'>;

const REQUEST_LINE = /^([A-Z]+) (\/[!-~]*) HTTP\/1\.1$/;
const FIELD = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+): ([\t -~\u0080-\u00ff]*)$/;
const MALFORMED_CHUNK = { kind: 'malformed', reason: 'a chunk that is not size, CRLF, data, CRLF' } as const;

/**
 * Reads one request from the beginning of these bytes, as strictly as RFC 9112 can be read: CRLF alone, one space, no
 * field twice, Content-Length or chunked and never both. What passes here is read in the same way by every server.
 */
export function parseWire(bytes: Buffer): WireOutcome {
  const end = bytes.indexOf('\r\n\r\n');
  if (end < 0) return { kind: 'partial', head: undefined };
  const [line = '', ...fields] = bytes.subarray(0, end).toString('latin1').split('\r\n');
  const start = REQUEST_LINE.exec(line);
  if (start === null) return { kind: 'malformed', reason: `request line: ${line}` };
  const headers: [string, string][] = [];
  for (const field of fields) {
    const match = FIELD.exec(field);
    if (match === null) return { kind: 'malformed', reason: `header field: ${field}` };
    headers.push([match[1] ?? '', match[2] ?? '']);
  }
  const head = { method: start[1] ?? '', target: start[2] ?? '', headers };
  const reason = framingProblem(head);
  if (reason !== undefined) return { kind: 'malformed', reason };
  const body = parseBody(head, bytes, end + 4);
  if (body.kind !== 'body') return body.kind === 'partial' ? { kind: 'partial', head } : body;
  const raw = bytes.subarray(0, body.end).toString('latin1');
  return {
    kind: 'request',
    request: { ...head, body: body.body, trailers: body.trailers, raw },
    length: body.end,
  };
}

/** The value of a field, whatever the case of its name. */
export function headerOf({ headers }: Pick<WireRequest, 'headers'>, name: string): string | undefined {
  return headers.find(([given]) => given.toLowerCase() === name)?.[1];
}

function framingProblem(head: WireHead): string | undefined {
  const names = head.headers.map(([name]) => name.toLowerCase());
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) return `${twice} twice`;
  const length = headerOf(head, 'content-length');
  const encoding = headerOf(head, 'transfer-encoding');
  if (length !== undefined && encoding !== undefined) return 'Content-Length and Transfer-Encoding';
  if (length !== undefined && !/^(0|[1-9]\d*)$/.test(length)) return `Content-Length: ${length}`;
  if (encoding !== undefined && encoding !== 'chunked') return `Transfer-Encoding: ${encoding}`;
  return undefined;
}

type Body =
  | { readonly kind: 'body'; readonly body: Buffer; readonly trailers: string; readonly end: number }
  | { readonly kind: 'partial' }
  | { readonly kind: 'malformed'; readonly reason: string };

function parseBody(head: WireHead, bytes: Buffer, from: number): Body {
  if (headerOf(head, 'transfer-encoding') !== undefined) return parseChunks(bytes, from);
  const end = from + Number(headerOf(head, 'content-length') ?? 0);
  if (bytes.length < end) return { kind: 'partial' };
  return { kind: 'body', body: bytes.subarray(from, end), trailers: '', end };
}

function parseChunks(bytes: Buffer, from: number): Body {
  const parts: Buffer[] = [];
  for (let at = from; ;) {
    const lineEnd = bytes.indexOf('\r\n', at);
    if (lineEnd < 0) return { kind: 'partial' };
    const line = bytes.subarray(at, lineEnd).toString('latin1');
    if (!/^[0-9a-fA-F]{1,8}$/.test(line)) return MALFORMED_CHUNK;
    const size = Number.parseInt(line, 16);
    if (size === 0) return parseTrailers(bytes, lineEnd, Buffer.concat(parts));
    const dataEnd = lineEnd + 2 + size;
    if (bytes.length < dataEnd + 2) return { kind: 'partial' };
    if (bytes.toString('latin1', dataEnd, dataEnd + 2) !== '\r\n') return MALFORMED_CHUNK;
    parts.push(bytes.subarray(lineEnd + 2, dataEnd));
    at = dataEnd + 2;
  }
}

function parseTrailers(bytes: Buffer, from: number, body: Buffer): Body {
  const end = bytes.indexOf('\r\n\r\n', from);
  if (end < 0) return { kind: 'partial' };
  const trailers = bytes.toString('latin1', Math.min(from + 2, end), end);
  return { kind: 'body', body, trailers, end: end + 4 };
}
