/**
 * Reads the texts of a list as Go's `%q` prints it: `["nginx" "-g" "daemon off;"]`, or of one in JSON. What follows a
 * quote that is never closed is left out: an expression would look for its end again from each further quote.
 */
export function readQuoted(text: string): readonly string[] {
  const found: string[] = [];
  for (let start = text.indexOf('"'); start >= 0;) {
    const end = endOfQuoted(text, start);
    if (end === undefined) break;
    found.push(unquote(text.slice(start, end)));
    start = text.indexOf('"', end);
  }
  return found;
}

/** Returns where the quoted text ends that begins at `start`, behind its quote. Undefined if it does not end. */
export function endOfQuoted(text: string, start: number): number | undefined {
  const stops = /["\\]/g;
  stops.lastIndex = start + 1;
  for (let stop = stops.exec(text); stop !== null; stop = stops.exec(text)) {
    if (stop[0] === '"') return stops.lastIndex;
    stops.lastIndex += 1;
  }
  return undefined;
}

/** Reads a list as Go's `%v` prints it: `[/bin/bash -o pipefail -c]`, `map[443/tcp:{} 80/tcp:{}]`; JSON too. */
export function readWords(text: string): readonly string[] {
  const inner = text
    .trim()
    .replace(/^(?:map)?\[/, '')
    .replace(/\]$/, '');
  if (inner.startsWith('"')) return readQuoted(inner);
  return inner
    .split(/[ ,]+/)
    .map((word) => word.replace(/:\{\}$/, ''))
    .filter((word) => word !== '');
}

function unquote(quoted: string): string {
  try {
    const value: unknown = JSON.parse(quoted);
    if (typeof value === 'string') return value;
  } catch {
    // Go has escapes that JSON has not: \x00, \a, \v.
  }
  return quoted
    .slice(1, -1)
    .replace(/\\x([0-9a-f]{2})/g, (_all, hex: string) => String.fromCharCode(parseInt(hex, 16)))
    .replace(/\\(.)/gs, '$1');
}

/** Reads the number that Go prints for a `%q` of it: `'\x03'`, `'\n'`, `'0'`. */
export function readRune(text: string): number {
  const [, escape, plain] = /'(?:\\(x[0-9a-f]{2}|u[0-9a-f]{4}|[abfnrtv\\'])|(.))'/su.exec(text) ?? [];
  if (escape === undefined) return plain?.codePointAt(0) ?? 0;
  const known = { a: 7, b: 8, t: 9, n: 10, v: 11, f: 12, r: 13, '\\': 92, "'": 39 }[escape];
  return known ?? parseInt(escape.slice(1), 16);
}

/** Writes a list as Dockerfiles have it: JSON. */
export function writeList(words: readonly string[]): string {
  return `[${words.map((word) => JSON.stringify(word)).join(', ')}]`;
}

/** What escapes a letter in a Dockerfile, and at the end of a line the line end (Dockerfile reference: "escape"). */
export type Escape = '\\' | '`';

/** Writes a value of ENV or LABEL so that a Dockerfile reads it as it is. */
export function writeValue(value: string, escape: Escape): string {
  if (/^[\w./:@%+,=~-]+$/.test(value)) return value;
  const special = escape === '`' ? /["`$]/g : /["\\$]/g;
  return `"${value.replace(special, `${escape}$&`).replace(/\r?\n/g, ' ')}"`;
}
