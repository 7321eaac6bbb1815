import { describe, expect, it } from 'vitest';
import { JsonReader, type Receiver } from '../../../src/oci/manifest/json-reader.ts';

/** Builds what a text says, without bounds, to compare it with JSON.parse. */
class Builder implements Receiver {
  value: unknown;
  readonly #put: (key: string | undefined, value: unknown) => void;

  constructor(put?: (key: string | undefined, value: unknown) => void) {
    this.#put = put ?? ((_key, value) => (this.value = value));
  }

  open(key: string | undefined, kind: 'object' | 'array'): Receiver {
    const members: Record<string, unknown> = {};
    const elements: unknown[] = [];
    this.#put(key, kind === 'object' ? members : elements);
    return new Builder((name, value) => {
      if (name === undefined) elements.push(value);
      else Object.defineProperty(members, name, { value, configurable: true, enumerable: true });
    });
  }

  scalar(key: string | undefined, { kind, text }: { readonly kind: string; readonly text: string }): void {
    this.#put(key, kind === 'string' ? text : JSON.parse(text));
  }
}

interface Read {
  readonly value: unknown;
  readonly fault: string | undefined;
  readonly slices: number;
}

function read(text: string, slice: number): Read {
  const builder = new Builder();
  const reader = new JsonReader(Buffer.from(text), { values: 1e6, depth: 1e5 }, builder);
  let slices = 1;
  while (!reader.advance(slice)) slices += 1;
  return { value: builder.value, fault: reader.fault, slices };
}

/** The stretch of a string, or of whitespace, that is looked at in one step. */
const STRETCH = 64 * 1024;
const a = (length: number): string => 'a'.repeat(length);

const TEXTS: readonly string[] = [
  'null',
  '-0.5e+3',
  '""',
  ' [ ] ',
  '{"a":{"b":[1,[],{},"c"]},"d":null}',
  '{"__proto__":1,"constructor":2}',
  '["\\u00e9\\n\\"\\\\\\/","é","𝄞","\\ud834\\udd1e"]',
  ...[-3, -2, -1, 0, 1, 2].flatMap((near) => [
    `["${a(STRETCH + near)}"]`,
    `["${a(STRETCH + near)}\\u0041\\\\"]`,
    `{"${a(STRETCH / 2)}":"${a(STRETCH + near)}\\n${a(STRETCH)}"}`,
    `[1,${' '.repeat(STRETCH + near)}2]`,
  ]),
  `${'['.repeat(1000)}${']'.repeat(1000)}`,
];

const BAD: readonly string[] = [
  '',
  ' ',
  '[',
  '[1',
  '[1,]',
  '{"a"}',
  '{"a":}',
  '{"a":1,}',
  '{a:1}',
  '[1}',
  '1 2',
  '01',
  '1.',
  '.5',
  '+1',
  '1e',
  'nul',
  'nulL',
  '"',
  '"\n"',
  '"\\x"',
  '"\\u00g0"',
  '"\\u00',
  '"\\',
  "'a'",
  '[1]//',
  `"${a(STRETCH)}`,
  `["${a(STRETCH)}\n"]`,
];

describe('reading JSON in slices', () => {
  it.each(TEXTS)('says what JSON.parse says, however small the slices: %.60s', (text) => {
    const expected: unknown = JSON.parse(text);
    for (const slice of [1, 7, 1e9]) {
      const { value, fault } = read(text, slice);
      expect(fault).toBeUndefined();
      expect(JSON.stringify(value) === JSON.stringify(expected)).toBe(true);
    }
  });

  it.each(BAD)('refuses what JSON.parse refuses: %.60j', (text) => {
    expect(() => JSON.parse(text) as unknown).toThrow(SyntaxError);
    for (const slice of [1, 7, 1e9]) expect(read(text, slice).fault).toBeTypeOf('string');
  });

  it.each([
    { name: 'one long text', text: `"${a(4 * 1024 * 1024)}"` },
    { name: 'whitespace', text: `${' '.repeat(4 * 1024 * 1024)}1` },
    { name: 'many values', text: `[${'0,'.repeat(200_000)}0]` },
  ])('gives others their turn during $name', ({ text }) => {
    expect(read(text, 10_000).slices).toBeGreaterThan(10);
  });
});
