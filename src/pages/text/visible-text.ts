import { html, NO_HTML, type Html } from './html.ts';
import { formatSize } from './format.ts';
import type { Language } from './language.ts';

/** Characters that change what a reader takes a text for: controls, the order of letters, what has no width, line ends of Unicode. */
const ODD = /(?![\t\n])[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu;

/**
 * Returns a foreign text in which characters that one can't see, or that move others, are written out as
 * `‹U+202E›`. Tabs and line ends stay.
 */
export function visibleText(text: string): string {
  return text.replace(ODD, (letter) => {
    const code = letter.codePointAt(0) ?? 0;
    return `‹U+${code.toString(16).toUpperCase().padStart(4, '0')}›`;
  });
}

/** Returns a foreign text that should be one line, such as the name of a file: tabs and line ends are written out too. */
export function visibleLine(text: string): string {
  return visibleText(text).replaceAll('\t', '‹U+0009›').replaceAll('\n', '‹U+000A›');
}

/** Returns at most so many characters, no pair of surrogates torn. */
export function cutText(text: string, most: number): string {
  if (text.length <= most) return text;
  const last = text.charCodeAt(most - 1);
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? most - 1 : most);
}

/** What is shown of a foreign value on one page. */
const MOST_LETTERS = 1000;

const MORE: Readonly<Record<Language, (size: string) => string>> = {
  en: (size) => `… ${size} in all`,
  ko: (size) => `… 전체 ${size}`,
};

/**
 * Renders a foreign text: what is odd in it can be seen, its direction ends with it, and where it is long its beginning
 * stands with its size.
 */
export function renderForeign(text: string, language: Language, most = MOST_LETTERS): Html {
  const cut = cutText(text, most);
  const rest =
    cut.length === text.length
      ? NO_HTML
      : html`<span class="cut"> ${MORE[language](formatSize(Buffer.byteLength(text), language))}</span>`;
  return html`<bdi>${visibleText(cut)}</bdi>${rest}`;
}
