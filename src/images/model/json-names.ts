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
 * The most names that a text may have, each counted once. An object is a table where it has many, which takes a parser ten
 * times as long as the like objects of an index. An image that exposes ten thousand ports has that many.
 */
const MOST_NAMES = 16_384;

/**
 * Returns what is wrong with the names in a text of JSON: `twice` if an object has one two times, since programs differ on
 * which of the two counts; `many` if there are more than 16,384 different ones. Of what is no JSON it says nothing.
 */
export function findNameFault(bytes: Uint8Array): NameFault | undefined {
  const text = decodeText(bytes);
  const names = new Names();
  let isName = false;
  const marks = /["{}[\],]/g;
  for (let mark = marks.exec(text); mark !== null; mark = marks.exec(text)) {
    const [sign] = mark;
    if (sign === '"') {
      const end = endOfText(text, marks.lastIndex);
      const fault = isName ? names.add(text, mark.index, end) : undefined;
      if (fault !== undefined) return fault;
      isName = false;
      marks.lastIndex = end;
    } else if (sign === '}' || sign === ']') names.leave();
    else {
      if (sign !== ',') names.enter(sign === '{');
      isName = true;
    }
  }
  return undefined;
}

type NameFault = 'twice' | 'many';

/** The names of a text so far. */
class Names {
  readonly #all = new Set<string>();
  /** For each object or list around the place: its names so far, or undefined for a list. */
  readonly #around: (Set<string> | undefined)[] = [];

  enter(isObject: boolean): void {
    this.#around.push(isObject ? new Set() : undefined);
  }

  leave(): void {
    this.#around.pop();
  }

  /** Takes the text between these places for a name, if it stands in an object. */
  add(text: string, start: number, end: number): NameFault | undefined {
    const names = this.#around.at(-1);
    if (names === undefined) return undefined;
    const name = nameOf(text.slice(start, end));
    if (names.has(name)) return 'twice';
    names.add(name);
    return this.#all.add(name).size > MOST_NAMES ? 'many' : undefined;
  }
}

/** Few names have escapes, and each that has none is what stands between the quotes. */
function nameOf(quoted: string): string {
  if (!quoted.includes('\\')) return quoted.slice(1, -1);
  try {
    return String(JSON.parse(quoted));
  } catch {
    return quoted;
  }
}

const [QUOTE, BACKSLASH] = [0x22, 0x5c];

/** Returns where a text of JSON ends, with its quote. `start` is behind the opening quote. */
function endOfText(text: string, start: number): number {
  // A search for the next quote is faster where there are no escapes, and far slower where there are only such.
  let at = start;
  for (let code = text.charCodeAt(at); code !== QUOTE && at < text.length; code = text.charCodeAt(at))
    at += code === BACKSLASH ? 2 : 1;
  return Math.min(at + 1, text.length);
}
