import { renderTable } from '../../text/table.ts';
import { isOwner } from '../../../auth/policy/owner.ts';
import type { PageRequest } from '../../request/page-request.ts';
import { withQuery } from '../../request/page-address.ts';
import { formatCount } from '../../text/format.ts';
import { html, NO_HTML, type Html } from '../../text/html.ts';
import type { Language } from '../../text/language.ts';
import { groupsOf, type ListedUser, type UsersOptions } from './source.ts';
import { WEAKNESS_WORDS } from '../../text/reasons.ts';
import type { UsersWords } from './word-list.ts';
import { USERS_WORDS } from './words.ts';

const PER_PAGE = 100;

/** The users of the password file, as a page of a table. */
export async function renderPeople(options: UsersOptions, request: PageRequest): Promise<Html> {
  const { language, query } = request;
  const words = USERS_WORDS[language];
  const search = query.get('find').trim().slice(0, 255);
  const found = options
    .users()
    .filter(({ name }) => name.includes(search))
    .toSorted((one, other) => (one.name < other.name ? -1 : 1));
  const pages = Math.max(1, Math.ceil(found.length / PER_PAGE));
  const page = Math.min(pages, Math.max(1, Number(/^\d{1,6}$/.exec(query.get('page'))?.[0] ?? 1)));
  const shown = found.slice((page - 1) * PER_PAGE, page * PER_PAGE);
  const rows = await Promise.all(shown.map((user) => renderRow(user, options, language)));
  return html`<form class="fields filter" action="/users" method="get">
      <div class="field">
        <label for="find">${words.search}</label
        ><input id="find" name="find" type="search" value="${search}" maxlength="255" autocomplete="off" />
      </div>
      <button type="submit" class="quiet">${words.show}</button>
    </form>
    ${shown.length === 0 ? html`<div class="state card"><p>${words.noUser}</p></div>` : renderPeopleTable(rows, language)}
    ${pages === 1 ? NO_HTML : renderPages(words, { search, page, pages }, formatCount(found.length, language))}`;
}

function renderPages(
  words: UsersWords,
  at: { readonly search: string; readonly page: number; readonly pages: number },
  total: string,
): Html {
  const { search, page, pages } = at;
  return html`<div class="pager">
    ${page > 1 ? pageLink(words.previous, search, page - 1) : html`<span></span>`}
    <span>${total}</span>
    ${page < pages ? pageLink(words.next, search, page + 1) : html`<span></span>`}
  </div>`;
}

function pageLink(text: string, find: string, page: number): Html {
  return html`<a class="button quiet" href="${withQuery('/users', { find, page: String(page) })}"
    >${text}</a
  >`;
}

function renderPeopleTable(rows: readonly Html[], language: Language): Html {
  const words = USERS_WORDS[language];
  return renderTable(
    [
      words.user,
      words.groups,
      words.password,
      { text: words.devices, look: 'number' },
      { text: words.browsers, look: 'number' },
    ],
    rows,
    { scrolls: true, moves: true },
  );
}

async function renderRow(
  { name, scheme, weakness }: ListedUser,
  options: UsersOptions,
  language: Language,
): Promise<Html> {
  const words = USERS_WORDS[language];
  const groups = options.directory.groups(name);
  const owns = isOwner(options.policy(), { kind: 'user', name, groups });
  const sessions = await options.sessions.ofUser(name);
  const devices = options.devices?.ofUser(name) ?? [];
  return html`<tr>
    <th scope="row">
      <a data-row href="${withQuery('/users', { user: name })}">${name}</a>
      ${owns ? html`<span class="badge">${words.owner}</span>` : NO_HTML}
    </th>
    <td>${groupsOf(options, name).join(', ')}</td>
    <td>
      <span class="badge ${weakness === undefined ? 'good' : 'warn'}"
        >${weakness === undefined ? words.strong : words.weak}</span
      >
      <span class="quiet-text small"
        >${weakness === undefined ? scheme : WEAKNESS_WORDS[language](weakness)}</span
      >
    </td>
    <td class="number">${formatCount(devices.length, language)}</td>
    <td class="number">${formatCount(sessions.length, language)}</td>
  </tr>`;
}
