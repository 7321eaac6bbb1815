import { html, NO_HTML, type Html } from './html.ts';
import { formatSize } from './format.ts';
import type { Language } from './language.ts';

/**
 * Characters that change what a reader takes a text for: controls, the order of letters, what has no width, line ends of
 * Unicode. One that is repeated is taken together, so that a text of one of them is short.
 */
const ODD = /(?![\t\n])([\p{Cc}\p{Cf}\p{Cs}\u2028\u2029])\1*/gu;
const ODD_IN_LINE = /([\p{Cc}\p{Cf}\p{Cs}\u2028\u2029])\1*/gu;

/**
 * How many are written out: at least this many, and one of so many letters. Those beyond are shown as U+FFFD, so that
 * what is shown is not several times as large as the text.
 */
const LEAST_MARKS = 100;
const LETTERS_OF_MARK = 16;

/**
 * Returns a foreign text in which characters that one can't see, or that move others, are written out as
 * `‹U+202E›`, or `‹U+007F ×300›` for so many of one in a row. Tabs and line ends stay.
 */
export function visibleText(text: string): string {
  return writeOut(text, ODD);
}

/** Returns a foreign text that should be one line, such as the name of a file: tabs and line ends are written out too. */
export function visibleLine(text: string): string {
  return writeOut(text, ODD_IN_LINE);
}

function writeOut(text: string, odd: RegExp): string {
  let left = Math.max(LEAST_MARKS, text.length / LETTERS_OF_MARK);
  return text.replace(odd, (run: string, letter: string) => {
    left -= 1;
    if (left < 0) return '\ufffd';
    const code = (letter.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
    const count = run.length / letter.length;
    return count === 1 ? `‹U+${code}›` : `‹U+${code} ×${count}›`;
  });
}

/** Returns at most so many characters, no pair of surrogates torn. */
export function cutText(text: string, most: number): string {
  return text.length <= most ? text : text.slice(0, placeBetween(text, most));
}

/** Returns the place itself, or the one before where it is within a pair of surrogates. */
export function placeBetween(text: string, place: number): number {
  const last = text.charCodeAt(place - 1);
  return last >= 0xd800 && last <= 0xdbff ? place - 1 : place;
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
  return render(text, language, most, visibleText);
}

/** Renders a foreign text that should be one line. */
export function renderForeignLine(text: string, language: Language, most = MOST_LETTERS): Html {
  return render(text, language, most, visibleLine);
}

/** It is cut before each of its characters is looked at. */
function render(text: string, language: Language, most: number, show: (text: string) => string): Html {
  const cut = cutText(text, most);
  const rest =
    cut.length === text.length
      ? NO_HTML
      : html`<span class="cut"> ${MORE[language](formatSize(Buffer.byteLength(text), language))}</span>`;
  return html`<bdi>${show(cut)}</bdi>${rest}`;
}
