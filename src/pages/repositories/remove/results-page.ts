import { renderTable } from '../../text/table.ts';
import { repositoryCrumbs } from '../../request/page-address.ts';
import type { StepResult } from '../../../images/remove/execute.ts';
import { renderCopyLine } from '../../text/copy-line.ts';
import { formatCount, renderDigest } from '../../text/format.ts';
import { html, NO_HTML, type Html } from '../../text/html.ts';
import type { Language } from '../../text/language.ts';
import { renderCrumbs } from '../../text/crumbs.ts';
import { MOST_ROWS, renderMore, someOf } from './many-tags.ts';
import { REMOVE_WORDS } from './words.ts';

interface ShownResults {
  readonly repository: string;
  readonly results: readonly StepResult[];
  readonly isEmbedded: boolean;
  readonly back: string;
}

/** What was done, and what was not. */
export function renderResults(
  language: Language,
  { repository, results, isEmbedded, back }: ShownResults,
): Html {
  const words = REMOVE_WORDS[language];
  const shown = shownResults(results.filter((it) => !isFolded(it)));
  return html`<section>
    ${renderCrumbs(repositoryCrumbs(repository, words.all), words.where)}
    <h1>${titleOf(results, language)}</h1>
    ${renderTable(
      [words.columns.tag, { text: words.columns.digest, look: 'wide' }, words.result],
      html`${shown.slice(0, MOST_ROWS).map((result) => renderResult(result, language))}
      ${renderMore(shown.length - MOST_ROWS, language)}
      ${renderFolded(results.filter(isFolded).length, language)}`,
    )}
    ${renderGarbage(results, isEmbedded, language)}
    <p><a class="button" href="${back}">${words.back}</a></p>
  </section>`;
}

function titleOf(results: readonly StepResult[], language: Language): string {
  const words = REMOVE_WORDS[language];
  const removed = results.filter(({ outcome }) => outcome === 'removed').length;
  if (removed === 0) return words.notDoneTitle;
  return removed === results.length ? words.doneTitle : words.partTitle;
}

/** What an index or an image took along, as planned. */
function isFolded({ tags, outcome }: StepResult): boolean {
  return tags.length === 0 && outcome === 'removed';
}

/** Where there are too many to show, what was not done comes first. */
function shownResults(results: readonly StepResult[]): readonly StepResult[] {
  if (results.length <= MOST_ROWS) return results;
  const [done, others] = [true, false].map((isDone) =>
    results.filter(({ outcome }) => (outcome === 'removed') === isDone),
  );
  return [...(others ?? []), ...(done ?? [])];
}

function renderFolded(count: number, language: Language): Html {
  if (count === 0) return NO_HTML;
  const words = REMOVE_WORDS[language];
  return html`<tr>
    <th scope="row">${words.untaggedRemoved(formatCount(count, language))}</th>
    <td class="wide"></td>
    <td><span class="badge good">${words.outcomes.removed}</span></td>
  </tr>`;
}

function renderResult({ kind, tags, digest, outcome, error }: StepResult, language: Language): Html {
  const words = REMOVE_WORDS[language];
  const names = someOf(tags);
  const subject = kind === 'tag' ? names : tags.length === 0 ? words.untagged : words.imageOf(names);
  const look = outcome === 'removed' ? 'badge good' : outcome === 'failed' ? 'badge bad' : 'badge warn';
  return html`<tr>
    <th scope="row">${subject}</th>
    <td class="wide">${renderDigest(digest)}</td>
    <td>
      <span class="${look}">${words.outcomes[outcome]}</span>
      ${error === undefined ? NO_HTML : html`<span class="quiet-text">${error.message}</span>`}
    </td>
  </tr>`;
}

/** Where the space is, which no registry gives back by itself. */
function renderGarbage(results: readonly StepResult[], isEmbedded: boolean, language: Language): Html {
  const words = REMOVE_WORDS[language];
  const removed = results.filter(({ outcome }) => outcome === 'removed');
  if (removed.length === 0) return NO_HTML;
  if (!isEmbedded)
    return html`<p class="quiet-text">${words.gcStock}</p>
      ${renderCopyLine('registry garbage-collect /etc/docker/registry/config.yml', language)}`;
  const hasImages = removed.some(({ kind }) => kind === 'manifest');
  return html`<p class="quiet-text">${hasImages ? words.gcEmbedded : words.gcUntagged}</p>
    ${renderCopyLine(hasImages ? 'registry-gate gc' : 'registry-gate gc --untagged', language)}`;
}
