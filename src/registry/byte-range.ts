export type ByteRange =
  | { readonly kind: 'whole' }
  | { readonly kind: 'unsatisfiable' }
  | { readonly kind: 'part'; readonly start: number; readonly length: number };

const RANGE = /^bytes=(\d*)-(\d*)$/;
const CHUNK = /^(?:bytes )?(\d{1,15})-(\d{1,15})(?:\/(?:\d+|\*))?$/;

/** `Range` of a download (RFC 9110 section 14.2). Several ranges at once, and what is no range, mean the whole. */
export function parseRange(header: string | undefined, size: number): ByteRange {
  const [, first, last] = RANGE.exec(header?.replaceAll(' ', '') ?? '') ?? [];
  if (first === undefined || last === undefined || first + last === '') return { kind: 'whole' };
  if (first === '') return partOf(Math.max(0, size - Number(last)), size - 1, size);
  return partOf(Number(first), last === '' ? size - 1 : Math.min(Number(last), size - 1), size);
}

function partOf(start: number, end: number, size: number): ByteRange {
  if (start > end || start >= size) return { kind: 'unsatisfiable' };
  return { kind: 'part', start, length: end - start + 1 };
}

/** `Content-Range` of a chunk that is uploaded: first and last byte, both counted (distribution-spec "Pushing a blob in chunks"). */
export function parseChunk(header: string): { readonly start: number; readonly end: number } | undefined {
  const [, start, end] = CHUNK.exec(header.trim()) ?? [];
  if (start === undefined || end === undefined || Number(end) < Number(start)) return undefined;
  return { start: Number(start), end: Number(end) };
}
