import { renderTable } from '../../text/table.ts';
import type { Change } from '../../../images/view/diff-images.ts';
import { html, NO_HTML, type Html } from '../../text/html.ts';
import { formatCount } from '../../text/format.ts';
import type { Language } from '../../text/language.ts';
import { LetterBudget } from '../../text/letter-budget.ts';
import { code } from '../parts/facts.ts';
import { PARTS_WORDS } from '../parts/words.ts';
import { shorten } from './shorten.ts';
import { COMPARE_WORDS } from './words.ts';

/** As many differences as a page shows. */
const MOST_CHANGES = 300;

/** The settings that differ, each with its value in both. */
export function renderChanges(changes: readonly Change[], a: string, b: string, language: Language): Html {
  const words = COMPARE_WORDS[language];
  const budget = new LetterBudget();
  const hidden = changes.length - MOST_CHANGES;
  const rest =
    hidden <= 0
      ? NO_HTML
      : html`<p class="quiet-text">${PARTS_WORDS[language].more(formatCount(hidden, language))}</p>`;
  return html`${renderTable(
    [words.what, words.change, shorten(a), shorten(b)],
    changes.slice(0, MOST_CHANGES).map((change) => renderChange(change, budget, language)),
  )}
  ${rest}`;
}

const BADGES = { added: 'good', removed: 'bad', changed: 'warn' } as const;

function renderChange({ what, name, before, after }: Change, budget: LetterBudget, language: Language): Html {
  const words = COMPARE_WORDS[language];
  const kind = before === undefined ? 'added' : after === undefined ? 'removed' : 'changed';
  const value = (text: string | undefined): Html =>
    text === undefined || text === '' ? NO_HTML : code(text, language, budget);
  return html`<tr>
    <th scope="row">
      ${words.names[what] ?? what} ${name === undefined ? NO_HTML : code(name, language, budget)}
    </th>
    <td><span class="badge ${BADGES[kind]}">${words.changes[kind]}</span></td>
    <td>${value(before)}</td>
    <td>${value(after)}</td>
  </tr>`;
}
