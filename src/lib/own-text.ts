const LATIN1 = /^[\0-\u00ff]*$/;
/** V8 copies a part that is shorter than this; a longer one points into the text that it was cut from. */
const ALWAYS_COPIED = 12;
/** Header, length and hash of a string on V8's heap. */
const TEXT_BYTES = 24;

/**
 * The same text in memory of its own. A part that was cut from a text keeps all of that text alive: a user name keeps the
 * header that it came in, with the password. What outlives its request is copied.
 */
export function ownText(text: string): string {
  if (text.length <= ALWAYS_COPIED) return text;
  const encoding = LATIN1.test(text) ? 'latin1' : 'utf16le';
  return Buffer.from(text, encoding).toString(encoding);
}

/** How much memory a text takes at most, in bytes: some take one byte for each character, others two. */
export function bytesOfText(text: string): number {
  return TEXT_BYTES + 2 * text.length;
}
