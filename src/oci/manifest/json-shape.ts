import type { JsonScalar, Receiver } from './json-reader.ts';

/**
 * The members to read from a JSON text, as a Go struct would declare them: `text` is a string, `integer` an int64,
 * `map` a map[string]string. Everything else in the text is skipped.
 */
export type Shape =
  | 'text'
  | 'integer'
  | 'map'
  | { readonly list: Shape }
  | { readonly members: Readonly<Record<string, Shape>> };

/** Values of a text by its shape: strings for `text` and `integer`, Map for `map` and members, arrays for lists. */
export type Shaped = string | readonly Shaped[] | ReadonlyMap<string, Shaped>;

/** Irregularities of a text. */
export interface Findings {
  /** Members of the outermost object that hold, at any depth, a value of another shape. */
  readonly misshapen: Set<string>;
  /** A member that occurs twice in one object, in any spelling; undefined if none does. */
  doubled: string | undefined;
  /** Members of the outermost object with a map that was too large to keep. */
  readonly longMaps: Set<string>;
}

/** The most entries of a map that are kept, and the most bytes of them in the text. */
export const MOST_ENTRIES = 10_000;
const MOST_ENTRY_BYTES = 1024 * 1024;
/** The longest text outside maps that is kept, in bytes. No name, address or digest is longer. */
const LONGEST_TEXT = 64 * 1024;
/** Replaces a longer one. */
const LONG_TEXT = '(a long text)';

const LEAST_INTEGER = -(2n ** 63n);
const LARGEST_INTEGER = 2n ** 63n - 1n;

/** Go matches member names without regard to case, and these two letters match their ASCII equivalents. */
function foldedName(name: string): string {
  return name.replaceAll('\u{17f}', 's').replaceAll('\u{212a}', 'k').toLowerCase();
}

interface MemberSlot {
  readonly findings: Findings;
  /** The outermost member being read. */
  readonly member: string;
  readonly put: (value: Shaped) => void;
}

/** Receives a text that should be an object with these members. Undefined members were absent or null. */
export class ShapeReader implements Receiver {
  readonly findings: Findings = { misshapen: new Set(), doubled: undefined, longMaps: new Set() };
  readonly #members: Readonly<Record<string, Shape>>;
  /** The members; undefined if the text is not an object. */
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

  scalar(): void {}
}

class MembersReader implements Receiver {
  readonly #fields: ReadonlyMap<string, readonly [string, Shape]>;
  readonly #slot: MemberSlot;
  readonly #values = new Map<string, Shaped>();
  readonly #seen = new Set<string>();

  constructor(members: Readonly<Record<string, Shape>>, slot: MemberSlot) {
    this.#fields = fieldsOf(members);
    this.#slot = slot;
    slot.put(this.#values);
  }

  open(key: string | undefined, kind: 'object' | 'array'): Receiver | undefined {
    const field = this.#fieldOf(key);
    return field === undefined ? undefined : openShape(field.shape, kind, field.slot);
  }

  scalar(key: string | undefined, scalar: JsonScalar): void {
    const field = this.#fieldOf(key);
    if (field !== undefined) putScalar(field.shape, scalar, field.slot);
  }

  #fieldOf(key: string | undefined): { readonly shape: Shape; readonly slot: MemberSlot } | undefined {
    const found = key === undefined ? undefined : this.#fields.get(foldedName(key));
    if (found === undefined) return undefined;
    const [name, shape] = found;
    const { findings, member } = this.#slot;
    if (this.#seen.has(name)) findings.doubled ??= name;
    this.#seen.add(name);
    const put = (value: Shaped): void => void this.#values.set(name, value);
    return { shape, slot: { findings, member: member === '' ? name : member, put } };
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
  readonly #slot: MemberSlot;

  constructor(shape: Shape, { findings, member, put }: MemberSlot) {
    const values: Shaped[] = [];
    put(values);
    this.#shape = shape;
    this.#slot = { findings, member, put: (value) => void values.push(value) };
  }

  open(_key: string | undefined, kind: 'object' | 'array'): Receiver | undefined {
    return openShape(this.#shape, kind, this.#slot);
  }

  /** In a list, null is the empty value of its kind. */
  scalar(_key: string | undefined, scalar: JsonScalar): void {
    if (scalar.kind === 'null') this.#slot.put(emptyOf(this.#shape));
    else putScalar(this.#shape, scalar, this.#slot);
  }
}

class MapReader implements Receiver {
  readonly #slot: MemberSlot;
  readonly #values = new Map<string, string>();
  #bytes = 0;

  constructor(slot: MemberSlot) {
    this.#slot = slot;
    slot.put(this.#values);
  }

  open(): undefined {
    this.#slot.findings.misshapen.add(this.#slot.member);
  }

  scalar(key: string | undefined, scalar: JsonScalar): void {
    const { findings, member } = this.#slot;
    if (scalar.kind !== 'string' && scalar.kind !== 'null') findings.misshapen.add(member);
    else if (this.#isLong(key, scalar)) findings.longMaps.add(member);
    else if (key !== undefined) this.#values.set(key, scalar.kind === 'null' ? '' : scalar.text);
  }

  #isLong(key: string | undefined, scalar: JsonScalar): boolean {
    this.#bytes += (key?.length ?? MOST_ENTRY_BYTES) + scalar.size;
    return this.#values.size === MOST_ENTRIES || this.#bytes > MOST_ENTRY_BYTES;
  }
}

function openShape(shape: Shape, kind: 'object' | 'array', slot: MemberSlot): Receiver | undefined {
  if (kind === 'object' && shape === 'map') return new MapReader(slot);
  if (typeof shape === 'object') {
    if (kind === 'object' && 'members' in shape) return new MembersReader(shape.members, slot);
    if (kind === 'array' && 'list' in shape) return new ListReader(shape.list, slot);
  }
  slot.findings.misshapen.add(slot.member);
  return undefined;
}

function putScalar(shape: Shape, scalar: JsonScalar, { findings, member, put }: MemberSlot): void {
  if (scalar.kind === 'null') return;
  if (shape === 'text' && scalar.kind === 'string') put(scalar.size > LONGEST_TEXT ? LONG_TEXT : scalar.text);
  else if (shape === 'integer' && scalar.kind === 'number' && isInteger(scalar.text)) put(scalar.text);
  else findings.misshapen.add(member);
}

/** Reports whether Go reads the number as an int64: it has no fraction and no exponent. */
function isInteger(text: string): boolean {
  if (!/^-?\d{1,19}$/.test(text)) return false;
  const value = BigInt(text);
  return value >= LEAST_INTEGER && value <= LARGEST_INTEGER;
}

function emptyOf(shape: Shape): Shaped {
  if (shape === 'text' || shape === 'integer') return '';
  return shape === 'map' || 'members' in shape ? new Map<string, Shaped>() : [];
}
