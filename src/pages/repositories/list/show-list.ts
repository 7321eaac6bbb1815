import { html, NO_HTML, type Html } from '../../text/html.ts';
import { renderCrumbs } from '../../text/crumbs.ts';
import { formatCount } from '../../text/format.ts';
import { repositoryCrumbs } from '../../request/page-address.ts';
import type { PageAnswer, PageRequest } from '../../request/page-request.ts';
import type { Visible } from '../../request/visible.ts';
import { renderList, type List } from './list-page.ts';
import { LIST_LIMIT, parseListQuery } from './list-query.ts';
import { renderEmpty, renderStateNotice, stateOf } from './list-states.ts';
import { LIST_WORDS } from './words.ts';

/** The repositories that somebody may see: the folders and repositories of one folder, or what a search finds. */
export async function showList(
  request: PageRequest,
  see: Pick<Visible, 'repositories' | 'status'>,
): Promise<PageAnswer> {
  const { language } = request;
  const query = parseListQuery(request.query);
  const [page, status] = await Promise.all([
    see.repositories({
      folder: query.folder === '' ? undefined : query.folder,
      search: query.search,
      ...query.order,
      after: query.after,
      limit: LIST_LIMIT,
    }),
    see.status(),
  ]);
  const list: List = { query, page, now: Date.now(), language };
  const state = stateOf(status);
  const isEmpty = page.rows.length === 0 && page.folders.length === 0;
  return {
    kind: 'page',
    title: titleOf(list),
    body: html`<p class="visually-hidden" role="status" data-live-count>${countOf(list)}</p>
      <section data-live>
        ${renderHeading(list)}
        ${
          isEmpty
            ? renderEmpty(query, state, request)
            : html`${renderStateNotice(state, request)} ${renderList(list)}`
        }
      </section>`,
  };
}

function titleOf({ query: { folder, search }, language }: List): string {
  return search !== '' ? search : folder !== '' ? folder : LIST_WORDS[language].title;
}

function renderHeading(list: List): Html {
  const { query, language } = list;
  const words = LIST_WORDS[language];
  return html`${query.folder === '' ? NO_HTML : renderCrumbs(repositoryCrumbs(query.folder, words.all), words.where)}
    <div class="heading">
      <h1>${query.folder === '' ? words.title : `${query.folder.split('/').at(-1)}/`}</h1>
      <p class="quiet-text">${countOf(list)}</p>
    </div>`;
}

function countOf({ query, page, language }: List): string {
  const words = LIST_WORDS[language];
  if (query.search !== '') return words.found(page.total, formatCount(page.total, language), query.search);
  const total = page.total + page.folders.reduce((sum, { repositories }) => sum + repositories, 0);
  return total === 0 ? '' : words.count(total, formatCount(total, language));
}
