const LATIN1 = /^[\0-\u00ff]*$/;
/** V8 copies a substring that is shorter than this. A longer one points into the text that it was cut from. */
const ALWAYS_COPIED = 12;
/** The header, length and hash of a string on V8's heap. */
const TEXT_BYTES = 24;

/**
 * Returns the same text in memory of its own. A substring keeps the whole text alive that it was cut from: a user name
 * keeps the header that it came in, with the password. A text that outlives its request is copied.
 */
export function ownText(text: string): string {
  if (text.length <= ALWAYS_COPIED) return text;
  const encoding = LATIN1.test(text) ? 'latin1' : 'utf16le';
  return Buffer.from(text, encoding).toString(encoding);
}

/** Returns the most memory that a text takes, in bytes: V8 uses one byte or two for each character. */
export function bytesOfText(text: string): number {
  return TEXT_BYTES + 2 * text.length;
}
