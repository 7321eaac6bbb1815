import { randomBytes } from 'node:crypto';
import type { ByteSpan } from '../../oci/byte-range.ts';
import type { FileParts } from './reply.ts';

/** The media type of every blob, whole or in parts. */
export const BLOB_TYPE = 'application/octet-stream';

/** A `multipart/byteranges` body (RFC 9110 section 14.6) before its bytes are read. */
export type Multipart = Pick<FileParts, 'parts' | 'tail' | 'length'> & { readonly boundary: string };

const BOUNDARY_BYTES = 30;

/** Returns `Content-Range` for a span of a blob. */
export function contentRange({ start, length }: ByteSpan, size: number): string {
  return `bytes ${start}-${start + length - 1}/${size}`;
}

/** Lays out parts in the order requested, with the heads and line ends of Go's multipart.Writer. */
export function layOut(spans: readonly ByteSpan[], size: number): Multipart {
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
