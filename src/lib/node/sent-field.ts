import type { ServerResponse } from 'node:http';

/**
 * The value of a header field of an answer, as it was written; undefined where the answer has no such field, or no head
 * yet. `name` is in lower case.
 *
 * Relies on `_header`, the text of the head from `writeHead` on (`_storeHeader`, lib/_http_outgoing.js). `getHeader` knows
 * nothing of the fields that are given to `writeHead` alone.
 */
export function sentField(res: ServerResponse, name: string): string | undefined {
  const head: unknown = Reflect.get(res, '_header');
  if (typeof head !== 'string') return undefined;
  const mark = `\r\n${name}: `;
  const at = head.toLowerCase().indexOf(mark);
  return at < 0 ? undefined : head.slice(at + mark.length, head.indexOf('\r\n', at + mark.length));
}
