import type { Leaf, Receiver } from './json-reader.ts';

/**
 * What is wanted of a JSON text, as a Go program says it by a struct: `text` is a string, `integer` an int64, `map` a
 * map[string]string. Everything else in the text is skipped.
 */
export type Shape =
  | 'text'
  | 'integer'
  | 'map'
  | { readonly list: Shape }
  | { readonly members: Readonly<Record<string, Shape>> };

/** Values of a text, by its shape: strings for `text` and `integer`, Map for `map`, arrays, and Map for members. */
export type Shaped = string | readonly Shaped[] | ReadonlyMap<string, Shaped>;

/** What was found while a text was read. */
export interface Findings {
  /** Members of the outermost object that hold, at any depth, a value that is not of their shape. */
  readonly misshapen: Set<string>;
  /** A member that came twice in one object, by any spelling; undefined where none did. */
  doubled: string | undefined;
  /** Members of the outermost object that hold a map with more than is kept of one. */
  readonly longMaps: Set<string>;
}

/** Most entries of a map that are kept, and most bytes of them in the text. */
export const MOST_ENTRIES = 10_000;
export const MOST_ENTRY_BYTES = 1024 * 1024;
/** The longest text outside of maps that is kept, in bytes. No name, address or digest is longer. */
const LONGEST_TEXT = 64 * 1024;
/** Stands for a longer one. */
const LONG_TEXT = '(a long text)';

const LEAST_INTEGER = -(2n ** 63n);
const LARGEST_INTEGER = 2n ** 63n - 1n;

/** Go takes member names without regard to case, and these two letters for their ASCII kin. */
function foldedName(name: string): string {
  return name.replaceAll('\u{17f}', 's').replaceAll('\u{212a}', 'k').toLowerCase();
}

interface Place {
  readonly findings: Findings;
  /** The outermost member that is being read. */
  readonly member: string;
  readonly put: (value: Shaped) => void;
}

/** The receiver of a whole text that should be an object with these members. Undefined members were absent or null. */
export class ShapeReader implements Receiver {
  readonly findings: Findings = { misshapen: new Set(), doubled: undefined, longMaps: new Set() };
  readonly #members: Readonly<Record<string, Shape>>;
  /** The members; undefined where the text is no object. */
  value: ReadonlyMap<string, Shaped> | undefined;

  constructor(members: Readonly<Record<string, Shape>>) {
    this.#members = members;
  }

  open(_key: string | undefined, kind: 'object' | 'array'): Receiver | undefined {
    if (kind === 'array') return undefined;
    const put = (value: Shaped): void => {
      if (value instanceof Map) this.value = value;
    };
    return new MembersReader(this.#members, { findings: this.findings, member: '', put });
  }

  leaf(): void {}
}

class MembersReader implements Receiver {
  readonly #fields: ReadonlyMap<string, readonly [string, Shape]>;
  readonly #place: Place;
  readonly #values = new Map<string, Shaped>();
  readonly #seen = new Set<string>();

  constructor(members: Readonly<Record<string, Shape>>, place: Place) {
    this.#fields = fieldsOf(members);
    this.#place = place;
    place.put(this.#values);
  }

  open(key: string | undefined, kind: 'object' | 'array'): Receiver | undefined {
    const field = this.#fieldOf(key);
    return field === undefined ? undefined : openShape(field.shape, kind, field.place);
  }

  leaf(key: string | undefined, leaf: Leaf): void {
    const field = this.#fieldOf(key);
    if (field !== undefined) takeLeaf(field.shape, leaf, field.place);
  }

  #fieldOf(key: string | undefined): { readonly shape: Shape; readonly place: Place } | undefined {
    const found = key === undefined ? undefined : this.#fields.get(foldedName(key));
    if (found === undefined) return undefined;
    const [name, shape] = found;
    const { findings, member } = this.#place;
    if (this.#seen.has(name)) findings.doubled ??= name;
    this.#seen.add(name);
    const put = (value: Shaped): void => void this.#values.set(name, value);
    return { shape, place: { findings, member: member === '' ? name : member, put } };
  }
}

const FIELDS = new WeakMap<object, ReadonlyMap<string, readonly [string, Shape]>>();

function fieldsOf(members: Readonly<Record<string, Shape>>): ReadonlyMap<string, readonly [string, Shape]> {
  const known = FIELDS.get(members);
  if (known !== undefined) return known;
  const fields = new Map(Object.entries(members).map((field) => [foldedName(field[0]), field] as const));
  FIELDS.set(members, fields);
  return fields;
}

class ListReader implements Receiver {
  readonly #shape: Shape;
  readonly #place: Place;

  constructor(shape: Shape, { findings, member, put }: Place) {
    const values: Shaped[] = [];
    put(values);
    this.#shape = shape;
    this.#place = { findings, member, put: (value) => void values.push(value) };
  }

  open(_key: string | undefined, kind: 'object' | 'array'): Receiver | undefined {
    return openShape(this.#shape, kind, this.#place);
  }

  /** Null in a list is the empty value of its kind. */
  leaf(_key: string | undefined, leaf: Leaf): void {
    if (leaf.kind === 'null') this.#place.put(emptyOf(this.#shape));
    else takeLeaf(this.#shape, leaf, this.#place);
  }
}

class MapReader implements Receiver {
  readonly #place: Place;
  readonly #values = new Map<string, string>();
  #bytes = 0;

  constructor(place: Place) {
    this.#place = place;
    place.put(this.#values);
  }

  open(): undefined {
    this.#place.findings.misshapen.add(this.#place.member);
  }

  leaf(key: string | undefined, leaf: Leaf): void {
    const { findings, member } = this.#place;
    if (leaf.kind !== 'string' && leaf.kind !== 'null') findings.misshapen.add(member);
    else if (this.#isLong(key, leaf)) findings.longMaps.add(member);
    else if (key !== undefined) this.#values.set(key, leaf.kind === 'null' ? '' : leaf.text);
  }

  #isLong(key: string | undefined, leaf: Leaf): boolean {
    this.#bytes += (key?.length ?? MOST_ENTRY_BYTES) + leaf.size;
    return this.#values.size === MOST_ENTRIES || this.#bytes > MOST_ENTRY_BYTES;
  }
}

function openShape(shape: Shape, kind: 'object' | 'array', place: Place): Receiver | undefined {
  if (kind === 'object' && shape === 'map') return new MapReader(place);
  if (typeof shape === 'object') {
    if (kind === 'object' && 'members' in shape) return new MembersReader(shape.members, place);
    if (kind === 'array' && 'list' in shape) return new ListReader(shape.list, place);
  }
  place.findings.misshapen.add(place.member);
  return undefined;
}

function takeLeaf(shape: Shape, leaf: Leaf, { findings, member, put }: Place): void {
  if (leaf.kind === 'null') return;
  if (shape === 'text' && leaf.kind === 'string') put(leaf.size > LONGEST_TEXT ? LONG_TEXT : leaf.text);
  else if (shape === 'integer' && leaf.kind === 'number' && isInteger(leaf.text)) put(leaf.text);
  else findings.misshapen.add(member);
}

/** What Go takes for an int64: no fraction, no exponent. */
function isInteger(text: string): boolean {
  if (!/^-?\d{1,19}$/.test(text)) return false;
  const value = BigInt(text);
  return value >= LEAST_INTEGER && value <= LARGEST_INTEGER;
}

function emptyOf(shape: Shape): Shaped {
  if (shape === 'text' || shape === 'integer') return '';
  return shape === 'map' || 'members' in shape ? new Map<string, Shaped>() : [];
}
