import type { IncomingHttpHeaders } from 'node:http';
import { randomBytes } from 'node:crypto';
import { parseRange, type ByteRange, type ByteSpan } from '../../oci/byte-range.ts';
import type { Digest } from '../../oci/digest.ts';
import { createProblem, type Problem } from '../../oci/problem.ts';
import { etagOf, matches, type FilePart, type Outcome, type Reply, type FileParts } from './reply.ts';

/** A blob in an open file. The sender closes it. */
export interface OpenBlob {
  readonly file: FilePart['file'];
  readonly size: number;
  /** Set while the file is still being written. */
  readonly growth?: FilePart['growth'];
}

const FOR_EVER = 'max-age=31536000';

/** Returns the answer to HEAD of a blob (end-2): the head of the answer to GET. */
export function blobHead(digest: Digest, size: number, headers: IncomingHttpHeaders = {}): Reply | Problem {
  const { range, reply } = judge(digest, size, headers);
  if (reply !== undefined) return reply;
  if (range.kind === 'parts') return withLength(multipartHead(digest, layOut(range.parts, size)));
  return withLength({
    ...partHead(digest, range, size),
    length: range.kind === 'part' ? range.length : size,
  });
}

/** Returns the answer to GET of a blob, whole or in ranges (end-2, RFC 9110 section 14). */
export async function blobReply(
  digest: Digest,
  { file, size, growth }: OpenBlob,
  headers: IncomingHttpHeaders,
): Promise<Exclude<Outcome, undefined>> {
  const { range, reply } = judge(digest, size, headers);
  if (reply !== undefined) {
    await file.close();
    return reply;
  }
  if (range.kind === 'parts') {
    const layout = layOut(range.parts, size);
    const { status, headers: head } = multipartHead(digest, layout);
    const { parts, tail, length } = layout;
    return { status, headers: head, body: { file, parts, tail, length, growth } };
  }
  const { start, length } = range.kind === 'part' ? range : { start: 0, length: size };
  return { ...partHead(digest, range, size), body: { file, start, length, growth } };
}

interface Judged {
  readonly range: Exclude<ByteRange, { kind: 'unsatisfiable' }>;
  /** Set for answers without bytes of the blob. */
  readonly reply: Reply | Problem | undefined;
}

const WHOLE = { kind: 'whole' } as const;

function judge(digest: Digest, size: number, headers: IncomingHttpHeaders): Judged {
  if (matches(headers['if-none-match'], digest))
    return { range: WHOLE, reply: { status: 304, headers: cacheHeaders(digest) } };
  const range = isSame(headers['if-range'], digest) ? parseRange(headers.range, size) : WHOLE;
  if (range.kind !== 'unsatisfiable') return { range, reply: undefined };
  const reply = createProblem('RANGE_INVALID', 'The blob has no such bytes.', {
    headers: { 'Content-Range': `bytes */${size}` },
  });
  return { range: WHOLE, reply };
}

function partHead(
  digest: Digest,
  range: Exclude<ByteRange, { kind: 'unsatisfiable' | 'parts' }>,
  size: number,
): Pick<Reply, 'status' | 'headers'> {
  const headers = headersOf(digest);
  return range.kind === 'whole'
    ? { status: 200, headers }
    : { status: 206, headers: { ...headers, 'Content-Range': contentRange(range, size) } };
}

function multipartHead(
  digest: Digest,
  { boundary, length }: Multipart,
): Pick<Reply, 'status' | 'headers'> & { readonly length: number } {
  const type = `multipart/byteranges; boundary=${boundary}`;
  return { status: 206, headers: { ...headersOf(digest), 'Content-Type': type }, length };
}

/** An answer to HEAD states its own length. */
function withLength({
  status,
  headers,
  length,
}: Pick<Reply, 'status' | 'headers'> & { readonly length: number }): Reply {
  return { status, headers: { ...headers, 'Content-Length': String(length) } };
}

/** Checks `If-Range`: a range is served only if the client holds a part of the same content. */
function isSame(condition: string | readonly string[] | undefined, digest: Digest): boolean {
  return condition === undefined || condition === etagOf(digest);
}

function cacheHeaders(digest: Digest): Record<string, string> {
  return { 'Cache-Control': FOR_EVER, 'Docker-Content-Digest': digest.text, ETag: etagOf(digest) };
}

function headersOf(digest: Digest): Record<string, string> {
  return {
    ...cacheHeaders(digest),
    'Accept-Ranges': 'bytes',
    'Content-Type': BLOB_TYPE,
  };
}

/** The media type of every blob, whole or in parts. */
const BLOB_TYPE = 'application/octet-stream';

/** A `multipart/byteranges` body (RFC 9110 section 14.6) before its bytes are read. */
export type Multipart = Pick<FileParts, 'parts' | 'tail' | 'length'> & { readonly boundary: string };

const BOUNDARY_BYTES = 30;

/** Returns `Content-Range` for a span of a blob. */
function contentRange({ start, length }: ByteSpan, size: number): string {
  return `bytes ${start}-${start + length - 1}/${size}`;
}

/** Lays out parts in the order requested, with the heads and line ends of Go's multipart.Writer. */
function layOut(spans: readonly ByteSpan[], size: number): Multipart {
  const boundary = randomBytes(BOUNDARY_BYTES).toString('hex');
  const tail = Buffer.from(`\r\n--${boundary}--\r\n`);
  let length = tail.length;
  const parts = spans.map((span, at) => {
    const open = at === 0 ? '' : '\r\n';
    const range = contentRange(span, size);
    const head = Buffer.from(
      `${open}--${boundary}\r\nContent-Range: ${range}\r\nContent-Type: ${BLOB_TYPE}\r\n\r\n`,
    );
    length += head.length + span.length;
    return { head, ...span };
  });
  return { boundary, parts, tail, length };
}
