import type { PageAnswer, PageRequest } from '../../request/page-request.ts';
import { withQuery } from '../../request/page-address.ts';
import { html, NO_HTML, type Html } from '../../text/html.ts';
import { renderMachines } from './machines.ts';
import { renderPeople } from './people.ts';
import { renderPerson } from './person.ts';
import { renderRights } from './rights.ts';
import { renderRules } from './rules.ts';
import type { UsersOptions } from './source.ts';
import { USERS_WORDS } from './words.ts';

const VIEWS = ['people', 'tokens', 'rights', 'rules'] as const;
type View = (typeof VIEWS)[number];

/** The users, the tokens of machines, and who may do what by which rule. */
export async function showUsers(options: UsersOptions, request: PageRequest): Promise<PageAnswer> {
  const { language, query } = request;
  const words = USERS_WORDS[language];
  const view = VIEWS.find((it) => it === query.get('view')) ?? 'people';
  const body = html`<div class="heading"><h1>${words.title}</h1></div>
    <nav class="tabs" aria-label="${words.title}">${VIEWS.map((it) => renderTab(it, view, request))}</nav>
    ${query.get('done') === '1' ? html`<p class="notice" role="status">${words.done}</p>` : NO_HTML}
    <section>${await renderView(view, options, request)}</section>`;
  return { kind: 'page', title: words.title, body };
}

async function renderView(view: View, options: UsersOptions, request: PageRequest): Promise<Html> {
  const user = request.query.get('user');
  switch (view) {
    case 'people':
      return user === '' ? renderPeople(options, request) : renderPerson(options, request, user);
    case 'tokens':
      return renderMachines(options, request);
    case 'rights':
      return renderRights(options, request);
    case 'rules':
      return renderRules(options.policy(), request.language);
  }
}

function renderTab(view: View, chosen: View, { language }: PageRequest): Html {
  const href = withQuery('/users', { view: view === 'people' ? undefined : view });
  return html`<a href="${href}" ${view === chosen ? html` aria-current="page"` : NO_HTML}
    >${USERS_WORDS[language].views[view]}</a
  >`;
}
