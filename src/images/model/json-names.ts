import { decodeText, type JsonObject } from './json.ts';

/** Returns a name as Go's encoding/json compares it: without case, with U+017F as `s` and U+212A as `k`. */
function foldName(name: string): string {
  return name.toLowerCase().replaceAll('\u017f', 's');
}

/** Returns a function that returns the name among these that Go reads a name as. Undefined if it is none of them. */
export function foldInto(names: readonly string[]): (name: string) => string | undefined {
  const known = new Map(names.map((name) => [foldName(name), name]));
  const exact = new Set(names);
  // Nearly all are spelt as usual, and of an index there are tens of thousands.
  return (name) => (exact.has(name) ? name : known.get(foldName(name)));
}

/**
 * Returns a function that returns what is wrong with an object that has one of these names in another case: programs
 * written in Go read it, and others do not. Undefined if nothing is.
 */
export function findOtherCase(names: readonly string[]): (json: JsonObject) => string | undefined {
  const fold = foldInto(names);
  return (json) => {
    for (const key of Object.keys(json)) {
      const name = fold(key) ?? key;
      if (name !== key) return `${name} is spelt ${JSON.stringify(key)}`;
    }
    return undefined;
  };
}

/**
 * Returns whether an object in a text of JSON has a name twice: programs differ on which of the two counts. The bytes
 * must be valid JSON.
 */
export function hasRepeatedName(bytes: Uint8Array): boolean {
  const text = decodeText(bytes);
  // For each object or list around the place: its names so far, or undefined for a list.
  const around: (Set<string> | undefined)[] = [];
  let isName = false;
  const marks = /["{}[\],]/g;
  for (let mark = marks.exec(text); mark !== null; mark = marks.exec(text)) {
    const [sign] = mark;
    if (sign === '"') {
      const end = endOfText(text, marks.lastIndex);
      const names = around.at(-1);
      if (isName && names !== undefined) {
        const name = nameOf(text.slice(mark.index, end));
        if (names.has(name)) return true;
        names.add(name);
      }
      isName = false;
      marks.lastIndex = end;
    } else if (sign === '}' || sign === ']') around.pop();
    else {
      if (sign !== ',') around.push(sign === '{' ? new Set() : undefined);
      isName = true;
    }
  }
  return false;
}

/** Few names have escapes, and each that has none is what stands between the quotes. */
function nameOf(quoted: string): string {
  return quoted.includes('\\') ? String(JSON.parse(quoted)) : quoted.slice(1, -1);
}

/** Returns where a text of JSON ends, with its quote. `start` is behind the opening quote. */
function endOfText(text: string, start: number): number {
  const stops = /["\\]/g;
  stops.lastIndex = start;
  for (let stop = stops.exec(text); stop !== null; stop = stops.exec(text)) {
    if (stop[0] === '"') return stops.lastIndex;
    stops.lastIndex += 1;
  }
  return text.length;
}
