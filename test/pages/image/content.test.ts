import { describe, expect, it } from 'vitest';
import { renderContent, textOfContent } from '../../../src/pages/image/parts/content.ts';

const FIRST = { number: 1, address: (number: number): string => `?part=${number}` };

describe('content', () => {
  it.each([
    ['UTF-8', Buffer.from('안녕'), 6, '안녕'],
    ['with a letter cut off at the end of what was read', Buffer.from('ab안').subarray(0, 4), 9, 'ab'],
    ['with a letter cut off at the end of all', Buffer.from('ab안').subarray(0, 4), 4, undefined],
    ['with a zero byte', Buffer.from('a\0b'), 3, undefined],
    ['in Latin-1', Buffer.from('fa\u00e7ade', 'latin1'), 6, undefined],
    ['nothing', Buffer.alloc(0), 0, ''],
  ])('is text or not: %s', (_name, bytes, size, expected) => {
    expect(textOfContent({ bytes, size })).toBe(expected);
  });

  it('is shown as text, whatever it says', () => {
    const bytes = Buffer.from('<svg onload="alert(1)"><script>alert(1)</script>\u202e');
    const shown = renderContent({ bytes, size: bytes.length }, FIRST, 'en').toString();
    expect(shown).toContain('&lt;script&gt;alert(1)&lt;/script&gt;‹U+202E›</pre>');
    expect(shown).not.toContain('<script');
  });

  it('that is not text is shown as the first bytes', () => {
    const bytes = Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 1]);
    const shown = renderContent({ bytes, size: bytes.length }, FIRST, 'en').toString();
    expect(shown).toContain('00000000  7f 45 4c 46 00 01');
    expect(shown).toContain('|.ELF..|');
  });

  it('says that it is a beginning', () => {
    const shown = renderContent({ bytes: Buffer.from('abc'), size: 5_000_000 }, FIRST, 'en').toString();
    expect(shown).toContain('3 B of 5 MB');
  });

  /** All parts of a text, put together again. */
  function partsOf(bytes: Buffer): readonly string[] {
    const parts: string[] = [];
    for (let number = 1; number < 100; number += 1) {
      const content = { bytes, size: bytes.length };
      const shown = renderContent(content, { ...FIRST, number }, 'en').toString();
      parts.push(/<pre[^>]*>\n(.*)<\/pre>/s.exec(shown)?.[1] ?? '');
      if (!shown.includes(`?part=${number + 1}`)) break;
    }
    return parts;
  }

  it.each([
    ['short text', 'hello', 1],
    ['as much as one part has', 'x'.repeat(65_536), 1],
    ['one letter more', 'x'.repeat(65_537), 2],
    ['letters of two places each', `x${'👍'.repeat(100_000)}`, 4],
    ['JSON', JSON.stringify({ list: Array(30_000).fill('x') }, undefined, 2), 5],
  ])('comes in parts that hold all of it: %s', (_name, text, count) => {
    const parts = partsOf(Buffer.from(text));
    expect(parts).toHaveLength(count);
    expect(parts.join('') === text.replaceAll('"', '&quot;')).toBe(true);
  });

  it.each([
    ['one odd character', '\u007f'.repeat(1_000_000)],
    ['odd characters in turn', '\u007f\u200b'.repeat(300_000)],
    ['odd characters among others', '\u{e0001}x'.repeat(200_000)],
    ['carriage returns', '\r\n'.repeat(500_000)],
    ['quotes', '"'.repeat(1_000_000)],
    ['JSON that lies deep', `${'['.repeat(500_000)}${']'.repeat(500_000)}`],
    ['JSON of many lists', `[${'[],'.repeat(300_000)}0]`],
    ['JSON of indented lists', `${'['.repeat(31)}${'1,'.repeat(90_000)}1${']'.repeat(31)}`],
  ])('is little for one page: %s', (_name, text) => {
    const bytes = Buffer.from(text);
    const shown = renderContent({ bytes, size: bytes.length }, FIRST, 'en').toString();
    expect(Buffer.byteLength(shown)).toBeLessThan(500_000);
    expect(shown).toContain('?part=2');
  });
});
