import { html, NO_HTML, type Html } from './html.ts';
import { formatCount } from './format.ts';
import type { Language, Words } from './language.ts';

interface Pager {
  /** How many rows are on this page, and on all. */
  readonly shown: number;
  readonly total: number;
  /** The addresses of the first page and of the next one, where this is not it. */
  readonly first: string | undefined;
  readonly next: string | undefined;
}

interface PagerWords {
  readonly label: string;
  readonly count: (shown: string, total: string) => string;
  readonly first: string;
  readonly next: string;
}

const WORDS: Words<PagerWords> = {
  en: {
    label: 'Pages',
    count: (shown, total) => `${shown} of ${total}`,
    first: 'First page',
    next: 'Next page',
  },
  ko: {
    label: '페이지',
    count: (shown, total) => `총 ${total}개 중 ${shown}개`,
    first: '처음',
    next: '다음',
  },
};

/** The links between the pages of a list. Nothing where there is only one. */
export function renderPager({ shown, total, first, next }: Pager, language: Language): Html {
  if (first === undefined && next === undefined) return NO_HTML;
  const words = WORDS[language];
  const link = (to: string | undefined, word: string): Html =>
    to === undefined ? NO_HTML : html`<a class="button quiet" href="${to}">${word}</a>`;
  return html`<nav class="pager" aria-label="${words.label}">
    <span>${words.count(formatCount(shown, language), formatCount(total, language))}</span>
    <span class="buttons">${link(first, words.first)}${link(next, words.next)}</span>
  </nav>`;
}
