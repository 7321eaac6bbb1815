import type { IncomingHttpHeaders } from 'node:http';
import { createProblem } from '../registry/problem.ts';
import { parseRange } from '../registry/byte-range.ts';
import { parseDigest } from '../registry/digest.ts';
import type { Digest } from '../registry/digest.ts';
import { BLOB_UNKNOWN, DIGEST_UNSUPPORTED } from './refusals.ts';
import type { Registry } from './registry.ts';
import type { Outcome } from '../reply/reply.ts';

/** What a digest names never changes. */
const FOR_EVER = 'max-age=31536000';

/** GET and HEAD of a blob, whole or one range of it (end-2, RFC 9110 section 14). */
export async function getBlob(
  { blobs }: Registry,
  repository: string,
  text: string,
  { method, headers }: { readonly method: string; readonly headers: IncomingHttpHeaders },
): Promise<Outcome> {
  const digest = parseDigest(text);
  if (digest === undefined) return DIGEST_UNSUPPORTED;
  if (method === 'HEAD') {
    const size = await blobs.size(repository, digest);
    if (size === undefined) return BLOB_UNKNOWN;
    return { status: 200, headers: { ...headersOf(digest), 'Content-Length': String(size) } };
  }
  const blob = await blobs.open(repository, digest);
  if (blob === undefined) return BLOB_UNKNOWN;
  const { file, size } = blob;
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
    return { status: 200, headers: headersOf(digest), body: { file, start: 0, length: size } };
  const { start, length } = range;
  return {
    status: 206,
    headers: { ...headersOf(digest), 'Content-Range': `bytes ${start}-${start + length - 1}/${size}` },
    body: { file, start, length },
  };
}

/** DELETE of a blob (end-10): the repository no longer holds it; its bytes go when nothing refers to them. */
export async function deleteBlob({ blobs }: Registry, repository: string, text: string): Promise<Outcome> {
  const digest = parseDigest(text);
  if (digest === undefined) return DIGEST_UNSUPPORTED;
  return (await blobs.unlink(repository, digest)) ? { status: 202, headers: {} } : BLOB_UNKNOWN;
}

/** Whether one of the entity tags is that of this content. */
export function matches(condition: string | undefined, digest: Digest): boolean {
  if (condition === undefined) return false;
  const tags = condition.split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  return tags.includes('*') || tags.includes(etagOf(digest)) || tags.includes(digest.text);
}

export function etagOf({ text }: Digest): string {
  return `"${text}"`;
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
