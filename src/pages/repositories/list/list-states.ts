import type { InventoryStatus } from '../../../inventory/inventory.ts';
import { html, NO_HTML, type Html } from '../../text/html.ts';
import { renderCopyLine } from '../../text/copy-line.ts';
import { withQuery } from '../../request/page-address.ts';
import type { PageRequest } from '../../request/page-request.ts';
import type { ListQuery } from './list-query.ts';
import { LIST_WORDS } from './words.ts';

/** What the reader is told of the inventory, and not its numbers, which are of all repositories. */
type InventoryState = 'absent' | 'building' | 'failing' | 'current';

export function stateOf({ state, problem }: Pick<InventoryStatus, 'state' | 'problem'>): InventoryState {
  return state !== 'absent' && problem !== undefined ? 'failing' : state;
}

/** A line above a list that may not be right. */
export function renderStateNotice(state: InventoryState, { language }: Pick<PageRequest, 'language'>): Html {
  if (state === 'current') return NO_HTML;
  const look = state === 'building' ? 'notice' : 'notice warn';
  return html`<p class="${look}" role="status">${LIST_WORDS[language][state]}</p>`;
}

/** What stands in place of a list without rows. */
export function renderEmpty(
  query: Pick<ListQuery, 'folder' | 'search'>,
  state: InventoryState,
  request: Pick<PageRequest, 'language' | 'principal' | 'client' | 'target'>,
): Html {
  const words = LIST_WORDS[request.language];
  if (state === 'failing') return renderState(words.failingTitle, words.failing);
  if (state === 'absent') return renderReading(words, words.absent);
  if (query.search !== '')
    return renderState(
      words.noneTitle,
      words.noneFound(query.search),
      html`<p><a class="button quiet" href="/">${words.clear}</a></p>`,
    );
  if (query.folder !== '')
    return renderState(
      words.noneTitle,
      words.noneInFolder,
      html`<p><a class="button quiet" href="/">${words.all}</a></p>`,
    );
  if (state === 'building') return renderReading(words, words.building);
  return renderFirstPush(request);
}

function renderReading({ buildingTitle, reload }: (typeof LIST_WORDS)['en'], text: string): Html {
  return renderState(buildingTitle, text, html`<p><a class="button quiet" href="/">${reload}</a></p>`);
}

function renderState(title: string, text: string, more: Html = NO_HTML): Html {
  return html`<div class="state">
    <h2>${title}</h2>
    <p>${text}</p>
    ${more}
  </div>`;
}

function renderFirstPush({
  language,
  principal,
  client: { host },
  target,
}: Pick<PageRequest, 'language' | 'principal' | 'client' | 'target'>): Html {
  const words = LIST_WORDS[language];
  if (principal.kind === 'anonymous')
    return renderState(
      words.emptyTitle,
      words.emptyStranger,
      html`<p>
        <a class="button" href="${withQuery('/sign-in', { to: target === '/' ? '' : target })}"
          >${words.signIn}</a
        >
      </p>`,
    );
  const lines = [`docker login ${host}`, `docker tag alpine ${host}/alpine`, `docker push ${host}/alpine`];
  return html`<div class="state first-push">
    <h2>${words.emptyTitle}</h2>
    <p>${words.emptyText}</p>
    <div class="lines">${lines.map((line) => renderCopyLine(line, language))}</div>
    <p class="small">${words.emptyRights}</p>
    <p><a href="/connect">${words.connect}</a></p>
  </div>`;
}
