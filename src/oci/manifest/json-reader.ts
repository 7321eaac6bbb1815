import { numberEnd, scanString } from './json-token.ts';

/** Receives the members of one object or array, in the order of the text. */
export interface Receiver {
  /** An object or array begins. Returns the receiver of its members; undefined skips them. */
  open(key: string | undefined, kind: 'object' | 'array'): Receiver | undefined;
  /** A string, a number, `true`, `false` or `null`. */
  scalar(key: string | undefined, scalar: JsonScalar): void;
}

/** A value without members. It is decoded only when its text is read. */
export interface JsonScalar {
  readonly kind: 'string' | 'number' | 'boolean' | 'null';
  /** Its size in the text, in bytes. */
  readonly size: number;
  /** A decoded string, or the literal of any other value. Bytes that are not UTF-8 become U+FFFD, as in Go. */
  readonly text: string;
}

/** Limits on a text. */
export interface JsonLimits {
  /** Values in the whole text. */
  readonly values: number;
  /** Nesting of objects and arrays. */
  readonly depth: number;
}

type State = 'value' | 'first element' | 'first key' | 'key' | 'colon' | 'after' | 'end';

/** Bytes of a string or of whitespace scanned in one step, which costs as much as a value. */
const SCAN_BYTES = 64 * 1024;
const BYTES_PER_STEP = 32;
/** The longest member name that is decoded. */
const LONGEST_NAME = 64 * 1024;

const COMMA = 0x2c;
const COLON = 0x3a;
const QUOTE = 0x22;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const LITERALS: ReadonlyMap<number, { readonly text: string; readonly kind: JsonScalar['kind'] }> = new Map([
  [0x74, { text: 'true', kind: 'boolean' }],
  [0x66, { text: 'false', kind: 'boolean' }],
  [0x6e, { text: 'null', kind: 'null' }],
]);

/**
 * Reads JSON as Go's encoding/json accepts it (RFC 8259; strings may hold bytes that are not UTF-8), in slices. It
 * keeps no values: memory depends on the receiver, and nesting costs one byte for each open object or array.
 */
export class JsonReader implements JsonScalar {
  /** Why the text was refused; undefined so far. */
  fault: string | undefined;
  kind: JsonScalar['kind'] = 'null';
  /** Values read so far. */
  values = 0;
  /** Steps of about equal cost done so far. */
  #work = 0;
  readonly #bytes: Buffer;
  readonly #limits: JsonLimits;
  readonly #receivers: (Receiver | undefined)[];
  readonly #kinds: ('object' | 'array')[] = [];
  #state: State = 'value';
  #at = 0;
  #from = 0;
  #isEscaped = false;
  /** Where to continue in a string whose end was not found yet. */
  #within: number | undefined;
  #key: string | undefined;

  constructor(bytes: Buffer, limits: JsonLimits, root: Receiver) {
    this.#bytes = bytes;
    this.#limits = limits;
    this.#receivers = [root];
  }

  /** Continues for this many steps. Returns true when the text has ended or was refused. */
  advance(steps: number): boolean {
    const pause = this.#work + steps;
    while (this.fault === undefined && this.#work < pause) {
      if (this.#state === 'end' && this.#at === this.#bytes.length) return true;
      this.#step();
    }
    return this.fault !== undefined;
  }

  get size(): number {
    return this.#at - this.#from;
  }

  get text(): string {
    const raw = this.#bytes.subarray(this.#from, this.#at);
    if (this.kind !== 'string') return raw.toString('latin1');
    return decoded(raw, this.#isEscaped);
  }

  #step(): void {
    this.#work += 1;
    if (this.#within === undefined && !this.#skipSpace()) return;
    const byte = this.#bytes[this.#at] ?? -1;
    if (this.#state === 'end') this.#endText();
    else if (this.#state === 'after') this.#goOn(byte);
    else if (this.#state === 'colon') this.#readColon(byte);
    else this.#begin(byte);
  }

  #begin(byte: number): void {
    if (this.#state === 'first element' && byte === CLOSE_ARRAY) this.#close();
    else if (this.#state === 'first key' && byte === CLOSE_OBJECT) this.#close();
    else if (this.#state === 'key' || this.#state === 'first key') this.#readKey(byte);
    else this.#readValue(byte);
  }

  #endText(): void {
    if (this.#at < this.#bytes.length) this.fault = 'something follows the JSON text';
  }

  /** Returns false if there may be more of it. */
  #skipSpace(): boolean {
    const bytes = this.#bytes;
    const from = this.#at;
    const most = from + SCAN_BYTES;
    let at = from;
    for (let byte = bytes[at]; byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;) {
      at += 1;
      if (at === most) break;
      byte = bytes[at];
    }
    this.#at = at;
    this.#work += Math.floor((at - from) / BYTES_PER_STEP);
    return at < most;
  }

  #readValue(byte: number): void {
    if (this.#within === undefined) this.values += 1;
    if (this.values > this.#limits.values) this.fault = `it holds more than ${this.#limits.values} values`;
    else if (byte === OPEN_OBJECT) this.#open('object');
    else if (byte === OPEN_ARRAY) this.#open('array');
    else this.#readLeaf(byte);
  }

  #readLeaf(byte: number): void {
    const literal = LITERALS.get(byte);
    this.#from = this.#at;
    if (byte === QUOTE) {
      const end = this.#string();
      if (end !== undefined) this.#accept('string', end);
    } else if (literal === undefined) this.#accept('number', numberEnd(this.#bytes, this.#at));
    else {
      const end = this.#at + literal.text.length;
      const isSame = this.#bytes.toString('latin1', this.#at, end) === literal.text;
      this.#accept(literal.kind, isSame ? end : -1);
    }
  }

  #accept(kind: JsonScalar['kind'], end: number): void {
    if (end < 0) {
      this.#refuse();
      return;
    }
    this.kind = kind;
    this.#at = end;
    this.#state = this.#kinds.length === 0 ? 'end' : 'after';
    this.#receivers.at(-1)?.scalar(this.#key, this);
  }

  /** Returns the end of the string that begins here, -1 if it is malformed, or undefined if it was not found yet. */
  #string(): number | undefined {
    const from = this.#within ?? this.#at + 1;
    if (this.#within === undefined) this.#isEscaped = false;
    const { state, at, isEscaped } = scanString(this.#bytes, from, SCAN_BYTES);
    this.#isEscaped ||= isEscaped;
    this.#work += Math.floor((at - from) / BYTES_PER_STEP);
    this.#within = state === 'goes on' ? at : undefined;
    if (state === 'goes on') return undefined;
    return state === 'ended' ? at : -1;
  }

  #readKey(byte: number): void {
    const from = this.#at;
    const end = byte === QUOTE ? this.#string() : -1;
    if (end === undefined) return;
    if (end < 0) {
      this.#refuse();
      return;
    }
    const isWanted = this.#receivers.at(-1) !== undefined && end - from <= LONGEST_NAME;
    this.#key = isWanted ? decoded(this.#bytes.subarray(from, end), this.#isEscaped) : undefined;
    this.#at = end;
    this.#state = 'colon';
  }

  #readColon(byte: number): void {
    if (byte !== COLON) {
      this.#refuse();
      return;
    }
    this.#at += 1;
    this.#state = 'value';
  }

  #open(kind: 'object' | 'array'): void {
    if (this.#kinds.length === this.#limits.depth) {
      this.fault = `it is nested more than ${this.#limits.depth} deep`;
      return;
    }
    this.#receivers.push(this.#receivers.at(-1)?.open(this.#key, kind));
    this.#kinds.push(kind);
    this.#key = undefined;
    this.#state = kind === 'object' ? 'first key' : 'first element';
    this.#at += 1;
  }

  #close(): void {
    this.#receivers.pop();
    this.#kinds.pop();
    this.#key = undefined;
    this.#state = this.#kinds.length === 0 ? 'end' : 'after';
    this.#at += 1;
  }

  #goOn(byte: number): void {
    const kind = this.#kinds.at(-1);
    if (byte === (kind === 'object' ? CLOSE_OBJECT : CLOSE_ARRAY)) this.#close();
    else if (byte !== COMMA) this.#refuse();
    else {
      this.#at += 1;
      this.#state = kind === 'object' ? 'key' : 'value';
    }
  }

  #refuse(): void {
    this.fault = `it is no JSON from byte ${this.#at} on`;
  }
}

/** Decodes a string with its quotes, which the scan has validated. */
function decoded(raw: Buffer, isEscaped: boolean): string {
  if (!isEscaped) return raw.toString('utf8', 1, raw.length - 1);
  const value: unknown = JSON.parse(raw.toString('utf8'));
  return typeof value === 'string' ? value.toWellFormed() : '';
}
