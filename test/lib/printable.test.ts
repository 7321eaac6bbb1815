import { describe, expect, it } from 'vitest';
import { renderTable } from '../../src/cli/terminal/render-table.ts';
import { printable, printableJson, printableJsonText } from '../../src/lib/printable.ts';

const OBEYED: readonly (readonly [string, string])[] = [
  ['an escape', '\u001b[2J'],
  ['a bell', '\u0007'],
  ['a line end', '\n'],
  ['a return', '\r'],
  ['a tab', '\t'],
  ['a delete', '\u007f'],
  ['an escape of one character', '\u009b2J'],
  ['an order of letters', '\u202egnp.exe'],
  ['an isolate', '\u2066'],
  ['a line separator', '\u2028'],
  ['half a letter', '\ud800'],
];

describe('a text from elsewhere', () => {
  it.each(OBEYED)('shows %s as text', (_name, text) => {
    const shown = printable(`a${text}b`);
    expect(shown).toMatch(/^a\?[\x20-\x7e]*b$/);
    expect(renderTable(['HEAD'], [[`a${text}b`]])).toBe(`HEAD\n${shown}\n`);
  });

  it.each(OBEYED)('is the same value in JSON, without %s', (_name, text) => {
    const value = { name: `a${text}b`, list: [text] };
    for (const json of [
      printableJson(value, 2),
      printableJson(value),
      printableJsonText(JSON.stringify(value)),
    ]) {
      expect(json).toMatch(/^[\x20-\x7e\n]+$/);
      expect(JSON.parse(json)).toEqual(value);
    }
  });

  it('is left alone where it is text', () => {
    const text = 'größe/команда/チーム 👍 |=:"\\';
    expect(printable(text)).toBe(text);
    expect(printableJson(text)).toBe(JSON.stringify(text));
  });
});
