import { describe, expect, it } from 'vitest';
import { layOutJson } from '../../../src/pages/image/parts/json-layout.ts';

const MOST = 4_000_000;

describe('JSON that is laid out', () => {
  it.each([
    ['objects and lists', '{"a":1,"b":[true,null]}', '{\n  "a": 1,\n  "b": [\n    true,\n    null\n  ]\n}'],
    ['what is empty', '{"a":{},"b":[]}', '{\n  "a": {},\n  "b": []\n}'],
    ['signs in texts', '{"a":"{,:[\\"\\\\"}', '{\n  "a": "{,:[\\"\\\\"\n}'],
    ['numbers with all digits', '[1.000,12345678901234567890]', '[\n  1.000,\n  12345678901234567890\n]'],
    ['names that come twice', '{"a":1,"a":2}', '{\n  "a": 1,\n  "a": 2\n}'],
    ['lines that there are', '{\n\n"a" :\t1 }', '{\n  "a": 1\n}'],
  ])('%s', (_name, text, expected) => {
    expect(layOutJson(text, MOST)).toBe(expected);
  });

  it.each([
    ['no JSON', '{"a":'],
    ['a text', '"a"'],
    ['words', 'hello'],
    ['more lines than anybody reads', `[${'[1],'.repeat(900_000)}1]`],
  ])('not of %s', (_name, text) => {
    expect(layOutJson(text, MOST)).toBeUndefined();
  });

  it('is not made of what lies deep', () => {
    const deep = '['.repeat(100_000) + ']'.repeat(100_000);
    expect(layOutJson(deep, MOST)).toBeUndefined();
  });

  it('takes a text of a million letters', () => {
    const text = JSON.stringify({ a: 'x"\\'.repeat(300_000) });
    expect(layOutJson(text, MOST)?.length).toBe(text.length + 5);
  });

  it('goes no further than it is shown', () => {
    const text = JSON.stringify({ list: Array(20_000).fill('x') });
    const whole = layOutJson(text, MOST) ?? '';
    const shown = layOutJson(text, 1000) ?? '';
    expect(shown.length).toBeLessThan(1020);
    expect(shown.length).toBeGreaterThan(1000);
    expect(whole.startsWith(shown)).toBe(true);
  });
});
