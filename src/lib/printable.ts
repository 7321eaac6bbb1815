/** The characters that a terminal obeys (control characters of both sets), that change the order of letters, or that a reader takes for the end of a line. */
const OBEYED = /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu;

/** Returns a foreign text or number for a line on a terminal, with `?` in place of each unprintable character; an empty text for any other value. */
export function printable(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value).replace(OBEYED, '?') : '';
}

/** Returns JSON in which unprintable characters are written as `\u....`: the same value, safe on a terminal. */
export function printableJson(value: unknown, indent?: number): string {
  // Line ends are those of the layout: within a string they are escaped already.
  return printableJsonText(JSON.stringify(value, undefined, indent));
}

/** Does the same for a text that is JSON already. */
export function printableJsonText(text: string): string {
  return text.replace(OBEYED, (letter) => (letter === '\n' ? letter : escaped(letter)));
}

function escaped(letter: string): string {
  const units = Array.from({ length: letter.length }, (_none, at) => letter.charCodeAt(at));
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('');
}

const ASCII = /^[ -~]*$/;
const NOT_ASCII = /[^ -~]/g;

/**
 * Reports whether every server reads the value in the same way. Beyond printable ASCII, servers differ in what they
 * trim, fold and decode: Go takes U+0085 and U+2003 for spaces, Java and nginx read bytes as Latin-1 or as UTF-8.
 */
export function isPlainAscii(value: string): boolean {
  return ASCII.test(value);
}

/** Replaces each byte that servers may read in different ways by `?`. */
export function toPlainAscii(value: string): string {
  return ASCII.test(value) ? value : value.replace(NOT_ASCII, '?');
}
