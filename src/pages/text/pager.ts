import { html, NO_HTML, type Html } from './html.ts';
import { formatCount } from './format.ts';
import type { Language, Words } from './language.ts';

/** Where a page stands among the pages of its list. */
export interface Place {
  /** How many rows all pages have. */
  readonly total: number;
  /** What the address of this page begins after, and that of the next page; undefined on the first and on the last one. */
  readonly after: string | undefined;
  readonly next: string | undefined;
  /** The address of the page that begins after this, or of the first one. */
  readonly path: (after: string | undefined) => string;
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
export function renderPager(
  { rows, total, after, next, path }: Place & { readonly rows: readonly unknown[] },
  language: Language,
): Html {
  if (after === undefined && next === undefined) return NO_HTML;
  const words = WORDS[language];
  const link = (to: string, word: string): Html => html`<a class="button quiet" href="${to}">${word}</a>`;
  return html`<nav class="pager" aria-label="${words.label}">
    <span>${words.count(formatCount(rows.length, language), formatCount(total, language))}</span>
    <span class="buttons"
      >${after === undefined ? NO_HTML : link(path(undefined), words.first)}${
        next === undefined ? NO_HTML : link(path(next), words.next)
      }</span
    >
  </nav>`;
}
