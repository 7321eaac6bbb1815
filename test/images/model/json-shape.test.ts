import { describe, expect, it } from 'vitest';
import { isPlainJson } from '../../../src/images/model/json-shape.ts';

const nested = (depth: number, open = '[', close = ']'): string =>
  `${open.repeat(depth)}1${close.repeat(depth)}`;

describe('a text of JSON', () => {
  it.each([
    ['nothing', '', true],
    ['a manifest', '{"schemaVersion":2,"layers":[{"size":1},{"size":2}]}', true],
    ['lists 100 deep', nested(100), true],
    ['lists 101 deep', nested(101), false],
    ['objects 101 deep', nested(101, '{"a":', '}'), false],
    ['lists one after another', `[${'[],'.repeat(49_000)}1]`, true],
    ['100,000 entries', `[${'1,'.repeat(99_999)}1]`, true],
    ['one more', `[${'1,'.repeat(100_000)}1]`, false],
    ['objects', `[${'{},'.repeat(60_000)}1]`, false],
    ['signs in texts', `["${'[{,'.repeat(1_000_000)}"]`, true],
    ['signs in texts with quotes', `["${'\\"[{,\\\\'.repeat(200_000)}"]`, true],
    ['signs behind a text that ends with a backslash', `["\\\\",${'['.repeat(200)}`, false],
    ['a text that does not end', `["${'['.repeat(1_000_000)}`, true],
    ['ends without beginnings', ']'.repeat(1_000_000), true],
    ['letters that have the same last bits', `["é"]${'\u00fb\u00fd'.repeat(1000)}`, true],
  ])('has few entries, none of them deep, or not: %s', (_name, text, expected) => {
    expect(isPlainJson(Buffer.from(text))).toBe(expected);
  });
});
