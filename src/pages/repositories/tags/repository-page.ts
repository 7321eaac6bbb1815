import type { RepositoryRow } from '../../../inventory/inventory.ts';
import { inRepository, repositoryCrumbs, withQuery } from '../../request/page-address.ts';
import type { PageRequest } from '../../request/page-request.ts';
import { renderPullCard } from '../../pull/pull-card.ts';
import { renderCrumbs } from '../../text/crumbs.ts';
import { formatCount, formatSize, renderAge } from '../../text/format.ts';
import { html, NO_HTML, type Html } from '../../text/html.ts';
import { artifactKind } from './artifact-kind.ts';
import { tagsPath } from './tags-query.ts';
import type { Tags } from './tags.ts';
import { renderTagsTable, SELECTION } from './tags-table.ts';
import { TAGS_WORDS } from './words.ts';

interface ShownRepository {
  readonly row: RepositoryRow;
  readonly tags: Tags;
  /** How many tags of signatures and other referrers there are. */
  readonly folded: number;
  /** Whether the first image of the page is signed. */
  readonly isSigned: boolean;
  readonly mayDelete: boolean;
}

type Request = Pick<PageRequest, 'client' | 'language'>;

/** The whole page of a repository. */
export function renderRepository(request: Request, shown: ShownRepository): Html {
  const { row, tags } = shown;
  const words = TAGS_WORDS[request.language];
  return html`<section>
    ${renderCrumbs(repositoryCrumbs(row.name, words.all), words.where)}
    <div class="heading">
      <h1>${row.name}</h1>
      <a href="${withQuery('/space', { repository: row.name })}">${words.space}</a>
    </div>
    ${renderFacts(shown)} ${tags.query.of === 'images' ? renderPull(request, shown) : NO_HTML}
    ${
      tags.query.of === 'images'
        ? NO_HTML
        : html`<p class="notice">
            ${words.referrersHint} <a href="${tagsPath(tags.query, { of: 'images' })}">${words.images}</a>
          </p>`
    }
    ${renderToolbar(shown)}
    <div class="live" data-live>
      ${tags.page.rows.length === 0 ? renderNone(tags) : renderTagsTable(tags)}
    </div>
    ${renderFolded(shown)}
    <p class="quiet-text small"><a href="${inRepository(row.name, 'untagged')}">${words.untagged}</a></p>
  </section>`;
}

function renderFacts({ row, tags: { query, page, now, language }, folded }: ShownRepository): Html {
  const words = TAGS_WORDS[language];
  const isWhole = query.search === '' && query.of === 'images';
  const count = isWhole ? page.total : row.tags - folded;
  const pushed =
    row.pushed === undefined
      ? NO_HTML
      : html` · ${words.pushed} ${renderAge(row.pushed.getTime(), now, language)}
        ${row.pushedBy === undefined ? NO_HTML : words.pushedBy(row.pushedBy)}`;
  return html`<p class="quiet-text">
    <span data-live-count>${words.tags(count, formatCount(count, language))}</span> ·
    ${formatSize(row.size, language)}${pushed} ${row.complete ? NO_HTML : html`<br />${words.incomplete}`}
  </p>`;
}

/** How to fetch the first tag of the page: the newest version, as the page is sorted by itself. */
function renderPull({ client, language }: Request, { row, tags, isSigned }: ShownRepository): Html {
  const first = tags.page.rows.find(({ digest, problem }) => digest !== undefined && problem === undefined);
  if (first === undefined) return NO_HTML;
  const { tag, digest } = first;
  const name = `${client.host}/${row.name}`;
  const kind = artifactKind(first);
  const pulled = kind === 'image' || kind === 'chart' ? kind : 'artifact';
  return renderPullCard(
    { name, reference: tag, kind: pulled, signed: isSigned ? digest : undefined },
    language,
  );
}

function renderToolbar({ row, tags, mayDelete }: ShownRepository): Html {
  const { query, page, language } = tags;
  const words = TAGS_WORDS[language];
  const isSearching = query.search !== '';
  if (page.total === 0 && !isSearching) return NO_HTML;
  return html`<div class="toolbar">
    <form class="filter" action="${tagsPath(query, { search: '' })}" method="get" data-live-form>
      ${query.of === 'images' ? NO_HTML : html`<input type="hidden" name="of" value="referrers" />`}
      ${renderKept(query)}
      <input
        type="search"
        name="search"
        value="${query.search}"
        placeholder="${words.filter}"
        aria-label="${words.filter}"
        maxlength="128"
        autocomplete="off"
      /><button type="submit" class="quiet">${words.apply}</button>
    </form>
    ${
      mayDelete
        ? html`<div class="buttons">
            <output class="quiet-text small" data-selected="${words.selected}"></output>
            <button type="submit" class="quiet" form="${SELECTION}" name="do" value="compare" data-needs="2">
              ${words.compare}
            </button>
            <button type="submit" class="quiet" form="${SELECTION}" data-needs="some">${words.remove}</button>
          </div>`
        : renderCompare(row.name, tags)
    }
  </div>`;
}

/** A form sends its own fields in place of the query of its address: the order goes along. */
function renderKept(query: Tags['query']): Html {
  const sort = new URLSearchParams(tagsPath(query, { search: '' }).split('?')[1]).get('sort');
  return sort === null ? NO_HTML : html`<input type="hidden" name="sort" value="${sort}" />`;
}

/** For who selects nothing, since there is nothing that they may remove. */
function renderCompare(repository: string, { page, language }: Tags): Html {
  const words = TAGS_WORDS[language];
  if (page.rows.length < 2) return NO_HTML;
  const options = (chosen: number): readonly Html[] =>
    page.rows.map(
      ({ tag }, at) =>
        html`<option value="${tag}" ${at === chosen ? html` selected` : NO_HTML}>${tag}</option>`,
    );
  return html`<form class="buttons compare" action="${inRepository(repository, 'compare')}" method="get">
    <select name="a" aria-label="${words.compare}">
      ${options(1)}
    </select>
    <select name="b" aria-label="${words.compareWith}">
      ${options(0)}</select
    ><button type="submit" class="quiet">${words.compare}</button>
  </form>`;
}

function renderNone({ query, language }: Tags): Html {
  const words = TAGS_WORDS[language];
  if (query.search !== '')
    return html`<div class="state">
      <h2>${words.noneTitle}</h2>
      <p>${words.noneFound(query.search)}</p>
      <p><a class="button quiet" href="${tagsPath(query, { search: '' })}">${words.clear}</a></p>
    </div>`;
  return html`<div class="state">
    <h2>${words.noTags}</h2>
    <p>${query.of === 'images' ? words.noTagsHint : words.noReferrers}</p>
  </div>`;
}

function renderFolded({ folded, tags: { query, language } }: ShownRepository): Html {
  if (folded === 0 || query.of === 'referrers') return NO_HTML;
  const { referrers } = TAGS_WORDS[language];
  return html`<p class="quiet-text small">
    <a href="${tagsPath(query, { of: 'referrers', search: '' })}"
      >${referrers(folded, formatCount(folded, language))}</a
    >
  </p>`;
}
