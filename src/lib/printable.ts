/** A text without what could move the cursor, colour or reorder a line: whoever wrote it must not write on the terminal. */
export function printable(value: unknown): string {
  if (typeof value !== 'string' && typeof value !== 'number') return '';
  return String(value).replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '?');
}
