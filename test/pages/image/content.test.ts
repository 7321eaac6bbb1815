import { describe, expect, it } from 'vitest';
import { renderContent, textOfContent } from '../../../src/pages/image/parts/content.ts';

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
    const shown = renderContent({ bytes, size: bytes.length }, 'en').toString();
    expect(shown).toContain('&lt;script&gt;alert(1)&lt;/script&gt;‹U+202E›</pre>');
    expect(shown).not.toContain('<script');
  });

  it('that is not text is shown as the first bytes', () => {
    const bytes = Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 1]);
    const shown = renderContent({ bytes, size: bytes.length }, 'en').toString();
    expect(shown).toContain('00000000  7f 45 4c 46 00 01');
    expect(shown).toContain('|.ELF..|');
  });

  it('says that it is a beginning', () => {
    const shown = renderContent({ bytes: Buffer.from('abc'), size: 5_000_000 }, 'en').toString();
    expect(shown).toContain('3 B of 5 MB');
  });
});
