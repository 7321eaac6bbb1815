import { describe, expect, it } from 'vitest';
import { cutText, renderForeign, visibleLine, visibleText } from '../../../src/pages/text/visible-text.ts';

describe('foreign text', () => {
  it.each([
    ['letters of any script', '김민수 מלים ü 👍', '김민수 מלים ü 👍'],
    ['tabs and line ends', 'a\tb\nc', 'a\tb\nc'],
    ['what a terminal obeys', 'a\u001b[31m\u0000\r', 'a‹U+001B›[31m‹U+0000›‹U+000D›'],
    ['what turns the order of letters', 'exe\u202egnp\u2066', 'exe‹U+202E›gnp‹U+2066›'],
    ['what has no width', 'a\u200bb\ufeff\u00ad', 'a‹U+200B›b‹U+FEFF›‹U+00AD›'],
    ['other line ends', 'a\u2028b\u2029', 'a‹U+2028›b‹U+2029›'],
    ['one in a row', 'a\u007f\u007f\u007fb\u200b', 'a‹U+007F ×3›b‹U+200B›'],
    ['one of two halves in a row', '\u{e0001}\u{e0001}', '‹U+E0001 ×2›'],
    ['half a letter', 'a\ud83db', 'a‹U+D83D›b'],
  ])('%s', (_name, text, shown) => {
    expect(visibleText(text)).toBe(shown);
  });

  it('on one line has no other', () => {
    expect(visibleLine('a\tb\nc\u202e')).toBe('a‹U+0009›b‹U+000A›c‹U+202E›');
  });

  it('is cut between letters, and says how large it is', () => {
    expect(cutText('ab👍', 3)).toBe('ab');
    expect(cutText('ab👍', 4)).toBe('ab👍');
    const text = renderForeign('x'.repeat(1_000_000), 'en').toString();
    expect(text.length).toBeLessThan(1200);
    expect(text).toContain('1 MB in all');
  });

  it('ends its direction with itself, and is no markup', () => {
    expect(renderForeign('<b>', 'en').toString()).toBe('<bdi>&lt;b&gt;</bdi>');
  });

  it('is not many times as large for what is odd in it', () => {
    const odd = '\u007f\u200b'.repeat(1000);
    const shown = visibleText(odd);
    expect(shown.match(/‹/g)).toHaveLength(125);
    expect(shown.match(/\ufffd/g)).toHaveLength(1875);
    expect(visibleLine('\n\t'.repeat(1000)).match(/‹/g)).toHaveLength(125);
    expect(visibleText('\u007f'.repeat(1_000_000))).toBe('‹U+007F ×1000000›');
  });
});
