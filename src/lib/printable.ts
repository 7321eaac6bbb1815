/**
 * What a terminal obeys (control characters of both sets), what turns the order of letters around, and what a reader
 * takes for the end of a line.
 */
const OBEYED = /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu;

/** A text or a number that came from elsewhere, for a line on somebody's terminal: `?` stands for what it must not hold. Nothing for any other value. */
export function printable(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value).replace(OBEYED, '?') : '';
}

/** JSON in which what a terminal would obey stands as `\u....`: the same value, and nothing but text. */
export function printableJson(value: unknown, indent?: number): string {
  // Line ends are those of the layout: within a string they are escaped already.
  return printableJsonText(JSON.stringify(value, undefined, indent));
}

/** The same for JSON that is text already. */
export function printableJsonText(text: string): string {
  return text.replace(OBEYED, (letter) => (letter === '\n' ? letter : escaped(letter)));
}

function escaped(letter: string): string {
  const units = Array.from({ length: letter.length }, (_none, at) => letter.charCodeAt(at));
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('');
}
