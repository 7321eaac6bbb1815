import { readFileSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { formatAge, formatSize } from '../../../src/pages/text/format.ts';
import { html, TooLarge } from '../../../src/pages/text/html.ts';
import { acceptedLanguage } from '../../../src/pages/text/language.ts';

const PAGES = resolve(import.meta.dirname, '../../../src/pages');

describe('a template', () => {
  it.each([
    ['markup', '<script>alert(1)</script>', '&lt;script&gt;alert(1)&lt;/script&gt;'],
    ['the end of an attribute', '" onclick="x', '&quot; onclick=&quot;x'],
    ['a single quote', "' x='", '&#39; x=&#39;'],
    ['an ampersand', '&lt;', '&amp;lt;'],
  ])('escapes %s', (_name, value, expected) => {
    expect(html`<a title="${value}">${value}</a>`.toString()).toBe(`<a title="${expected}">${expected}</a>`);
  });

  it('keeps what a template made, in lists too, and leaves out what is not there', () => {
    const items = ['a', '<b>'].map((it) => html`<li>${it}</li>`);
    const text = html`<p>${items}${undefined}${false}${0}</p>`.toString();
    expect(text).toBe('<p><li>a</li><li>&lt;b&gt;</li>0</p>');
  });

  it('ends where a page becomes too large, whatever makes it so', () => {
    const part = html`<p>${'a'.repeat(1024 * 1024)}</p>`;
    expect(() => html`${part}${part}`).toThrow(TooLarge);
    // 5 characters for each.
    expect(() => html`${'&'.repeat(500_000)}`).toThrow(TooLarge);
  });

  const templates = readdirSync(PAGES, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => ({ path, text: readFileSync(join(PAGES, path), 'utf8') }));

  it.each(templates)(
    'in $path has no value in an attribute without quotes, no style and no script',
    ({ text }) => {
      const pieces = text.matchAll(/html`[^`]*`/g);
      const wrong = [...pieces]
        .map(([piece]) => piece)
        .filter((it) => /=\$\{|\sstyle=|\son[a-z]+=|javascript:/i.test(it));
      expect(wrong).toEqual([]);
    },
  );
});

describe('the language', () => {
  it.each([
    [undefined, 'en'],
    ['ko', 'ko'],
    ['ko-KR,ko;q=0.9,en;q=0.8', 'ko'],
    ['en-US,ko;q=0.9', 'en'],
    ['fr,ko;q=0.5,en;q=0.3', 'ko'],
    ['ko;q=0,en;q=0.1', 'en'],
    ['KO', 'ko'],
    ['*', 'en'],
    [';;,q=,ko;q=x', 'en'],
  ])('of %j is %s', (header, language) => {
    expect(acceptedLanguage(header)).toBe(language);
  });
});

describe('numbers', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1 kB'],
    [999_600, '1 MB'],
    [12_345_678, '12.3 MB'],
    [2_000_000_000, '2 GB'],
  ])('%i bytes are %s', (bytes, text) => {
    expect(formatSize(bytes, 'en')).toBe(text);
  });

  it('is short in Korean too', () => {
    expect([98, 1_500_000].map((bytes) => formatSize(bytes, 'ko'))).toEqual(['98B', '1.5MB']);
  });

  it.each([
    [0, 'now', '지금'],
    [59_000, 'now', '지금'],
    [61_000, '1 minute ago', '1분 전'],
    [86_400_000, 'yesterday', '어제'],
    [40 * 86_400_000, 'last month', '지난달'],
  ])('%i ms ago is %s', (ms, english, korean) => {
    expect(formatAge(0, ms, 'en')).toBe(english);
    expect(formatAge(0, ms, 'ko')).toBe(korean);
  });
});
