import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');
const TABLE = readFileSync(join(ROOT, 'docs/security.md'), 'utf8');

/** The requirements, by their numbers; the gaps between the groups are old. */
const GROUPS: readonly (readonly [first: number, last: number])[] = [
  [1, 8],
  [10, 36],
  [40, 50],
  [60, 70],
  [80, 123],
  [140, 153],
  [160, 166],
  [170, 170],
];
const WITH_LETTERS = ['R19b', 'R19c', 'R99b', 'R99c', 'R99d', 'R99e'];
const REQUIREMENTS = [
  ...GROUPS.flatMap(([first, last]) =>
    Array.from({ length: last - first + 1 }, (_, nth) => `R${first + nth}`),
  ),
  ...WITH_LETTERS,
];

interface Row {
  readonly name: string;
  readonly says: string;
  readonly held: string;
}

const rows: readonly Row[] = [
  ...TABLE.matchAll(/^\| (R\d+[a-z]?|M-[A-D]\d+[a-z]?) \| (.*?) \| (.*) \|$/gm),
].map(([, name = '', says = '', held = '']) => ({ name, says, held }));

const NOT_APPLICABLE = /^Not applicable: \S.{10,}\.$/;
const TEST = /`(test\/[^`]+\.test\.ts)` "([^"]+)"/g;
const HELD = /^`test\/[^`]+\.test\.ts` "[^"]+"(?:<br>`test\/[^`]+\.test\.ts` "[^"]+")*$/;

const named = rows.flatMap(({ name, held }) =>
  [...held.matchAll(TEST)].map(([, path = '', title = '']) => ({ name, path, title })),
);

/** Every title that a test file gives to a suite or a test, as it is written there. */
function titlesIn(path: string): readonly string[] {
  const text = readFileSync(join(ROOT, path), 'utf8');
  const literal = String.raw`(['"\x60])((?:\\.|(?!\1)[^\\])*)\1`;
  const plain = new RegExp(String.raw`(?:\b(?:it|describe)\(|\]\)\(|\w\)\(|\)\)\()\s*${literal}`, 'g');
  const needing = new RegExp(String.raw`\bdescribeWith\(\s*(?:\[[^\]]*\]|[\w.]+),\s*${literal}`, 'g');
  return [plain, needing].flatMap((form) => [...text.matchAll(form)].map((match) => match[2] ?? ''));
}

describe('the table of docs/security.md', () => {
  it('has every requirement once, and no other', () => {
    const names = rows.map(({ name }) => name);
    expect(names.filter((name) => name.startsWith('R')).toSorted()).toEqual(REQUIREMENTS.toSorted());
    // What was found later has a row of its own by another letter.
    expect(new Set(names).size).toBe(names.length);
  });

  it.each(rows)('$name says what holds and by which test, or why it does not apply', ({ says, held }) => {
    expect(says.length).toBeGreaterThan(20);
    expect(held).toMatch(NOT_APPLICABLE.test(held) ? NOT_APPLICABLE : HELD);
  });

  it.each(named)('$name: $path has $title', ({ path, title }) => {
    expect(existsSync(join(ROOT, path))).toBe(true);
    expect(titlesIn(path).filter((text) => text.includes(title))).not.toEqual([]);
  });

  it('would notice a test that is not there', () => {
    expect(titlesIn('test/security/host.test.ts')).toEqual(['Host', '$title']);
  });
});
