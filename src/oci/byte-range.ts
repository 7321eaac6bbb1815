/** Consecutive bytes of a blob. */
export interface ByteSpan {
  readonly start: number;
  readonly length: number;
}

export type ByteRange =
  | { readonly kind: 'whole' }
  | { readonly kind: 'unsatisfiable' }
  | ({ readonly kind: 'part' } & ByteSpan)
  /** Two or more, in the order requested. */
  | { readonly kind: 'parts'; readonly parts: readonly ByteSpan[] };

const WHOLE = { kind: 'whole' } as const;
const UNIT = /^bytes *=/;
const RANGE = /^(\d*)-(\d*)$/;
/** The most that podman requests at once in its partial pulls. */
const MOST_RANGES = 1024;
const CHUNK = /^(?:bytes )?(\d{1,15})-(\d{1,15})(?:\/(?:\d+|\*))?$/;

/**
 * Parses `Range` of a download (RFC 9110 section 14.2). Malformed ranges mean the whole, and so do ranges that cost a
 * client more than the whole: more than 1024, or longer in total than the blob (as Go's http.ServeContent has it),
 * which bounds overlaps too. Of several ranges, those beyond the end are dropped.
 */
export function parseRange(header: string | undefined, size: number): ByteRange {
  if (header === undefined || !UNIT.test(header)) return WHOLE;
  const texts = header
    .slice(header.indexOf('=') + 1)
    .replaceAll(/[ \t]/g, '')
    .split(',')
    .filter((text) => text !== '');
  if (texts.length === 0 || texts.length > MOST_RANGES) return WHOLE;
  const spans = texts.map((text) => spanOf(text, size));
  if (spans.includes('invalid')) return WHOLE;
  const parts = spans.filter((span) => typeof span === 'object');
  const [first] = parts;
  if (first === undefined) return { kind: 'unsatisfiable' };
  if (parts.length === 1) return { kind: 'part', ...first };
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  return length > size ? WHOLE : { kind: 'parts', parts };
}

/** Returns undefined if the blob has no such bytes. */
function spanOf(text: string, size: number): ByteSpan | 'invalid' | undefined {
  const [, first, last] = RANGE.exec(text) ?? [];
  if (first === undefined || last === undefined || first + last === '') return 'invalid';
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === '' || last === '' ? size - 1 : Math.min(Number(last), size - 1);
  return start > end ? undefined : { start, length: end - start + 1 };
}

/**
 * Parses `Content-Range` of an uploaded chunk: the first and the last byte, both included (distribution-spec "Pushing a
 * blob in chunks").
 */
export function parseChunk(header: string): { readonly start: number; readonly end: number } | undefined {
  const [, start, end] = CHUNK.exec(header.trim()) ?? [];
  if (start === undefined || end === undefined || Number(end) < Number(start)) return undefined;
  return { start: Number(start), end: Number(end) };
}
