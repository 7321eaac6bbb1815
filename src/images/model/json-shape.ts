/** How deep lists and objects of a text may lie in each other. Manifests and configs need less than ten. */
const MOST_DEPTH = 100;
/** Their beginnings and the commas in them. An entry of an index has about seven, and 4 MiB of brackets four million. */
const MOST_MARKS = 100_000;

const [QUOTE, BACKSLASH, COMMA] = [0x22, 0x5c, 0x2c];
/** `[` and `]`. Braces differ from them in one bit. */
const [OPEN, CLOSE, BRACE_BIT] = [0x5b, 0x5d, 0x20];

/**
 * Returns whether a text of JSON is one that a parser makes few objects of, before one does. Texts within quotes may be of
 * any length. Of what is no JSON it says nothing.
 */
export function isPlainJson(bytes: Uint8Array): boolean {
  let depth = 0;
  let marks = 0;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at] ?? 0;
    if (byte === QUOTE) at = endOfText(bytes, at + 1);
    else if (byte === COMMA) marks += 1;
    else if ((byte & ~BRACE_BIT) === OPEN) [depth, marks] = [depth + 1, marks + 1];
    else if ((byte & ~BRACE_BIT) === CLOSE) depth -= 1;
    if (depth > MOST_DEPTH || marks > MOST_MARKS) return false;
  }
  return true;
}

/** Returns where the quote stands that ends a text. `start` is behind the one that begins it. */
function endOfText(bytes: Uint8Array, start: number): number {
  let at = start;
  while (at < bytes.length && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1;
  return at;
}
