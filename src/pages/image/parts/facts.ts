import type { Descriptor } from '../../../images/model/descriptor.ts';
import { inRepository } from '../../request/page-address.ts';
import { html, NO_HTML, type Html } from '../../text/html.ts';
import type { Language } from '../../text/language.ts';
import { formatCount, renderDigest } from '../../text/format.ts';
import { LetterBudget } from '../../text/letter-budget.ts';
import { renderForeign } from '../../text/visible-text.ts';
import { PARTS_WORDS } from './words.ts';

/** As many entries of a list of an image as a page shows. */
export const MOST_ENTRIES = 200;

/** A fact with its name. Undefined or an empty text: there is none, and nothing is shown. */
export function fact(name: string, value: Html | string | undefined): Html {
  if (value === undefined || value === '') return NO_HTML;
  return html`<dt>${name}</dt>
    <dd>${value}</dd>`;
}

/** A foreign text as a fact. */
export function textFact(name: string, text: string | undefined, language: Language): Html {
  return fact(name, text === undefined || text === '' ? undefined : code(text, language));
}

/** The image that something belongs to, as a fact. */
export function subjectFact(name: string, subject: Descriptor | undefined, repository: string): Html {
  if (subject === undefined) return NO_HTML;
  const { text } = subject.digest;
  return fact(name, html`<a href="${inRepository(repository, 'image', text)}">${renderDigest(text)}</a>`);
}

/** What is shown of one text. */
const MOST_LETTERS = 1000;

/** A foreign text as one types it. `budget` is that of the list that it stands in. */
export function code(text: string, language: Language, budget?: LetterBudget): Html {
  const most = budget === undefined ? MOST_LETTERS : budget.take(text, MOST_LETTERS);
  return html`<code>${renderForeign(text, language, most)}</code>`;
}

/** A list of foreign texts as a fact, each on a line of its own. */
export function listFact(name: string, texts: readonly string[], language: Language): Html {
  if (texts.length === 0) return NO_HTML;
  const budget = new LetterBudget();
  const items = texts.slice(0, MOST_ENTRIES).map((text) => html`<li>${code(text, language, budget)}</li>`);
  return fact(
    name,
    html`<ul class="plain">
      ${items}${moreThan(texts.length, language)}
    </ul>`,
  );
}

/** The last item of a list that has more than `MOST_ENTRIES`. */
export function moreThan(count: number, language: Language): Html {
  if (count <= MOST_ENTRIES) return NO_HTML;
  return html`<li class="quiet-text">
    ${PARTS_WORDS[language].more(formatCount(count - MOST_ENTRIES, language))}
  </li>`;
}

/** Names and values, both foreign, as a table below a heading. Nothing where there are none. */
export function renderPairs(
  title: string,
  pairs: readonly (readonly [string, string])[],
  language: Language,
): Html {
  if (pairs.length === 0) return NO_HTML;
  const budget = new LetterBudget();
  const rows = pairs.slice(0, MOST_ENTRIES).map(
    ([name, value]) =>
      html`<tr>
        <th scope="row">${code(name, language, budget)}</th>
        <td>${code(value, language, budget)}</td>
      </tr>`,
  );
  const rest =
    pairs.length <= MOST_ENTRIES
      ? NO_HTML
      : html`<tr>
          <td colspan="2" class="quiet-text">
            ${PARTS_WORDS[language].more(formatCount(pairs.length - MOST_ENTRIES, language))}
          </td>
        </tr>`;
  return html`<section>
    <h2>${title} <span class="count">${formatCount(pairs.length, language)}</span></h2>
    <div class="table-box">
      <table class="pairs">
        <tbody>
          ${rows}${rest}
        </tbody>
      </table>
    </div>
  </section>`;
}
