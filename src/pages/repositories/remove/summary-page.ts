import { renderTable } from '../../text/table.ts';
import { csrfField } from '../../text/form-parts.ts';
import { inRepository, repositoryCrumbs, repositoryPath, withQuery } from '../../request/page-address.ts';
import type { PageRequest } from '../../request/page-request.ts';
import { formatCount, formatSize, renderDigest, shortTag } from '../../text/format.ts';
import { html, NO_HTML, type Html } from '../../text/html.ts';
import type { Language } from '../../text/language.ts';
import { renderCrumbs } from '../../text/crumbs.ts';
import { MOST_ROWS, renderMore, someOf } from './many-tags.ts';
import { fingerprint, type Removal, type Shared } from './prepare.ts';
import type { RemovalSummary, TagFate } from './summary.ts';
import { REMOVE_WORDS } from './words.ts';

interface ShownSummary {
  readonly repository: string;
  readonly removal: Pick<Removal, 'plan' | 'tied' | 'wish' | 'abilities'>;
  readonly summary: RemovalSummary;
  readonly mayPush: boolean;
  /** Whether somebody agreed to another summary, which is out of date. */
  readonly hasChanged: boolean;
}

/** What goes and what stays, before anything is done. */
export function renderSummary(
  { language, csrf }: Pick<PageRequest, 'language' | 'csrf'>,
  shown: ShownSummary,
): Html {
  const words = REMOVE_WORDS[language];
  const { repository, removal, summary, hasChanged } = shown;
  return html`<section>
    ${renderCrumbs(repositoryCrumbs(repository, words.all), words.where)}
    <h1>${words.title}</h1>
    ${hasChanged ? html`<p class="notice warn" role="alert">${words.changed}</p>` : NO_HTML}
    ${removal.abilities.deletes ? NO_HTML : html`<p class="notice bad">${words.noDeletes}</p>`}
    ${renderShared(shown, language)}
    ${renderTable(
      [words.columns.tag, { text: words.columns.digest, look: 'wide' }, words.columns.fate],
      html`${shownFates(summary.tags).map((fate) => renderFate(fate, language))}
      ${renderMore(summary.tags.length - MOST_ROWS, language)}`,
    )}
    ${
      summary.goes && removal.abilities.deletes
        ? html`${renderFacts(summary, language)} ${renderForm({ ...shown, language, csrf })}`
        : html`<p>${words.nothing}</p>
            <p><a class="button quiet" href="${repositoryPath(repository)}">${words.back}</a></p>`
    }
  </section>`;
}

/** Where there are too many to show, those that one would not expect come first. */
const BY_SURPRISE: readonly TagFate['fate'][] = ['stays', 'missing', 'along', 'alone', 'image', 'manifest'];

function shownFates(tags: readonly TagFate[]): readonly TagFate[] {
  if (tags.length <= MOST_ROWS) return tags;
  return BY_SURPRISE.flatMap((fate) => tags.filter((it) => it.fate === fate)).slice(0, MOST_ROWS);
}

function renderFate({ tag, digest, fate, need, others }: TagFate, language: Language): Html {
  const words = REMOVE_WORDS[language];
  const why =
    need === undefined
      ? ''
      : others.length > 0
        ? words.others(someOf(others))
        : words.needs[need.by](shortTag(need.tag));
  const look = fate === 'stays' || fate === 'missing' ? 'quiet-text' : '';
  return html`<tr>
    <th scope="row">${tag === undefined ? words.untagged : shortTag(tag)}</th>
    <td class="wide">${digest === undefined ? NO_HTML : renderDigest(digest)}</td>
    <td class="${look}">
      ${words.fates[fate]}${why === '' ? NO_HTML : html` <span class="quiet-text">(${why})</span>`}
    </td>
  </tr>`;
}

/** The choice for a registry that removes no tag alone. Each link leads to the summary of that choice. */
function renderShared({ repository, removal, summary, mayPush }: ShownSummary, language: Language): Html {
  const { wish, abilities } = removal;
  if (abilities.untags || !abilities.deletes) return NO_HTML;
  if (wish.shared === 'keep' && !summary.isTied) return NO_HTML;
  const words = REMOVE_WORDS[language];
  const choices: readonly Shared[] = mayPush ? ['keep', 'all', 'overwrite'] : ['keep', 'all'];
  const link = (shared: Shared): Html =>
    html`<a
      href="${withQuery(inRepository(repository, 'remove'), { tag: [...wish.tags], digest: wish.digests, shared })}"
      ${shared === wish.shared ? html` aria-current="true"` : NO_HTML}
      >${words.shared[shared]}</a
    >`;
  return html`<div class="notice warn">
    <h2>${words.tiedTitle}</h2>
    <p>${words.tied}</p>
    <nav class="tabs" aria-label="${words.tiedTitle}">${choices.map(link)}</nav>
    ${wish.shared === 'overwrite' ? html`<p class="small">${words.overwriteHint}</p>` : NO_HTML}
  </div>`;
}

function renderFacts(summary: RemovalSummary, language: Language): Html {
  const { facts, atMost, spaceHint } = REMOVE_WORDS[language];
  const count = (label: string, value: number): Html =>
    value === 0
      ? NO_HTML
      : html`<dt>${label}</dt>
          <dd>${formatCount(value, language)}</dd>`;
  return html`<dl class="facts">
    ${count(facts.along, summary.tags.filter(({ fate }) => fate === 'along').length)}
    ${count(facts.images, summary.images)} ${count(facts.children, summary.children)}
    ${count(facts.referrers, summary.referrers)}
    <dt>${facts.space}</dt>
    <dd>
      ${summary.freed === 0 ? '0' : atMost(formatSize(summary.freed, language))}
      <span class="quiet-text">${spaceHint}</span>
    </dd>
  </dl>`;
}

function renderForm({
  repository,
  removal,
  summary,
  language,
  csrf,
}: ShownSummary & { readonly language: Language; readonly csrf: string }): Html {
  const words = REMOVE_WORDS[language];
  const going = summary.tags.filter(({ fate }) => fate !== 'stays' && fate !== 'missing');
  const count = going.length;
  const confirm = going.some(({ tag }) => tag !== undefined) ? words.confirm : words.confirmUntagged;
  return html`<form action="${inRepository(repository, 'remove')}" method="post">
    ${csrfField(csrf)}
    <input type="hidden" name="plan" value="${fingerprint(removal)}" />
    <input type="hidden" name="shared" value="${removal.wish.shared}" />
    ${[...removal.wish.tags].map((tag) => html`<input type="hidden" name="tag" value="${tag}" />`)}
    ${removal.wish.digests.map((digest) => html`<input type="hidden" name="digest" value="${digest}" />`)}
    <div class="buttons">
      <button type="submit" class="danger">${confirm(count, formatCount(count, language))}</button>
      <a class="button quiet" href="${repositoryPath(repository)}">${words.cancel}</a>
    </div>
  </form>`;
}
