import { describe, expect, it } from 'vitest';
import { parseFields } from '../../../src/pages/request/fields.ts';

describe('the fields of a form', () => {
  it('are read as they were sent, several of one name in their order', () => {
    const fields = parseFields('a=1&b=%ED%95%9C+%2B&a=2&text=one%0D%0Atwo%09three');
    if (typeof fields === 'string') throw new Error(fields);
    expect([fields.get('a'), fields.all('a'), fields.get('b'), fields.get('none')]).toEqual([
      '1',
      ['1', '2'],
      '한 +',
      '',
    ]);
    expect(fields.get('text')).toBe('one\r\ntwo\tthree');
  });

  it.each([
    ['a NUL', 'password=good%00'],
    ['an escape', 'user=a&password=%1B[2J'],
    ['a control of the second set', 'password=%C2%85'],
    ['one that is not escaped', 'password=a\u0001b'],
    ['a delete', 'password=%7F'],
  ])('are refused, and not shortened, with %s in them', (_name, text) => {
    expect(parseFields(text)).toBe('control');
  });

  it.each([
    ['fields', `a${'&a'.repeat(1099)}`, `a${'&a'.repeat(1100)}`],
    ['pluses', `a=${'+'.repeat(1000)}`, `a=${'+'.repeat(1001)}`],
    ['escapes', `a=${'%41'.repeat(8192)}`, `a=${'%41'.repeat(8193)}`],
  ])('have a bounded number of %s', (_name, most, more) => {
    expect([typeof parseFields(most), parseFields(more)]).toEqual(['object', 'many']);
  });
});
