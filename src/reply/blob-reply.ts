import type { IncomingHttpHeaders } from 'node:http';
import { parseRange } from '../registry/byte-range.ts';
import type { Digest } from '../registry/digest.ts';
import { createProblem } from '../registry/problem.ts';
import { etagOf, matches } from './entity-tag.ts';
import type { FilePart, Outcome, Reply } from './reply.ts';

/** A blob in an open file, which is closed by whoever sends it. */
export interface OpenBlob {
  readonly file: FilePart['file'];
  readonly size: number;
  /** Where it is still being written. */
  readonly growth?: FilePart['growth'];
}

/** What a digest names never changes. */
const FOR_EVER = 'max-age=31536000';

/** The answer to HEAD of a blob (end-2). */
export function blobHead(digest: Digest, size: number): Reply {
  return { status: 200, headers: { ...headersOf(digest), 'Content-Length': String(size) } };
}

/** The answer to GET of a blob, whole or one range of it (end-2, RFC 9110 section 14). */
export async function blobReply(
  digest: Digest,
  { file, size, growth }: OpenBlob,
  headers: IncomingHttpHeaders,
): Promise<Exclude<Outcome, undefined>> {
  const ifRange = headers['if-range'];
  const range = isSame(ifRange, digest) ? parseRange(headers.range, size) : { kind: 'whole' as const };
  if (matches(headers['if-none-match'], digest) || range.kind === 'unsatisfiable') {
    await file.close();
    if (range.kind !== 'unsatisfiable') return { status: 304, headers: cacheHeaders(digest) };
    return createProblem('RANGE_INVALID', 'The blob has no such bytes.', {
      headers: { 'Content-Range': `bytes */${size}` },
    });
  }
  if (range.kind === 'whole')
    return { status: 200, headers: headersOf(digest), body: { file, start: 0, length: size, growth } };
  const { start, length } = range;
  return {
    status: 206,
    headers: { ...headersOf(digest), 'Content-Range': `bytes ${start}-${start + length - 1}/${size}` },
    body: { file, start, length, growth },
  };
}

/** A range is served only of the content that the client has a part of already. */
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
    'Content-Type': 'application/octet-stream',
  };
}
