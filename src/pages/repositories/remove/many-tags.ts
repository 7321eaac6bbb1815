import { formatCount, shortTag } from '../../text/format.ts';
import { html, NO_HTML, type Html } from '../../text/html.ts';
import type { Language } from '../../text/language.ts';
import { REMOVE_WORDS } from './words.ts';

/** As many rows as a table of a removal has: an image may have a hundred thousand tags, which go along with it. */
export const MOST_ROWS = 500;
/** As many tags of one image as are named in a row. */
const MOST_NAMED = 10;

/** The last row of a table that leaves so many out. None if that is no number above 0. */
export function renderMore(hidden: number, language: Language): Html {
  if (hidden <= 0) return NO_HTML;
  return html`<tr>
    <td colspan="3" class="quiet-text">${REMOVE_WORDS[language].more(formatCount(hidden, language))}</td>
  </tr>`;
}

/** Some tags, with the number of the others. */
export function someOf(tags: readonly string[]): string {
  const hidden = tags.length - MOST_NAMED;
  return `${tags.slice(0, MOST_NAMED).map(shortTag).join(', ')}${hidden > 0 ? `, … (+${hidden})` : ''}`;
}
