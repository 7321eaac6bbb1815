import { renderTable } from '../../text/table.ts';
import { csrfField } from '../../text/form-parts.ts';
import type { PageRequest } from '../../request/page-request.ts';
import { PageError } from '../../request/page-error.ts';
import { withQuery } from '../../request/page-address.ts';
import { renderAge } from '../../text/format.ts';
import { html, NO_HTML, type Html } from '../../text/html.ts';
import { groupsOf, type UsersOptions } from './source.ts';
import { USERS_WORDS } from './words.ts';

/** One user: the devices and browsers that are signed in, each with a button that ends it. */
export async function renderPerson(options: UsersOptions, request: PageRequest, name: string): Promise<Html> {
  const words = USERS_WORDS[request.language];
  if (!options.users().some((user) => user.name === name)) throw new PageError('not-found', words.noUser);
  const sessions = await options.sessions.ofUser(name);
  const devices = options.devices?.ofUser(name) ?? [];
  const groups = groupsOf(options, name);
  return html`<section>
      <h2>${name}</h2>
      <p>
        ${groups.length === 0 ? NO_HTML : html`<span class="quiet-text">${words.groups}: ${groups.join(', ')}</span>`}
        <a href="${withQuery('/users', { view: 'rights', who: name })}">${words.views.rights}</a>
      </p>
    </section>
    <section>
      <h2>${words.devices}</h2>
      ${
        devices.length === 0
          ? html`<p class="quiet-text">${words.noDevices}</p>`
          : renderSignInTable(
              request,
              devices.map(({ client, agent, ...device }) => ({ ...device, what: client || agent })),
              { act: 'revoke', name, button: words.revoke, now: options.now() },
            )
      }
    </section>
    <section>
      <div class="heading">
        <h2>${words.browsers}</h2>
        ${sessions.length === 0 ? NO_HTML : renderForm({ act: 'end-sessions', csrf: request.csrf, name, button: words.endAll })}
      </div>
      ${
        sessions.length === 0
          ? html`<p class="quiet-text">${words.noBrowsers}</p>`
          : renderSignInTable(
              request,
              sessions.map(({ agent, ...session }) => ({ ...session, what: agent })),
              { act: 'end-sessions', name, button: words.end, now: options.now() },
            )
      }
    </section>`;
}

interface Signed {
  readonly id: string;
  readonly what: string;
  readonly address: string;
  readonly created: string;
  readonly lastUsed: number;
}

interface Ending {
  readonly act: 'revoke' | 'end-sessions';
  readonly name: string;
  readonly button: string;
  readonly now: number;
}

function renderSignInTable(
  { language, csrf }: PageRequest,
  rows: readonly Signed[],
  { now, ...ending }: Ending,
): Html {
  const words = USERS_WORDS[language];
  return renderTable(
    [words.devices, words.address, words.created, words.lastUsed, { text: ending.button, look: 'unseen' }],
    rows.map(
      ({ id, what, address, created, lastUsed }) =>
        html`<tr>
          <th scope="row">${what}<span class="under mono">${id}</span></th>
          <td>${address}</td>
          <td>${renderAge(Date.parse(created), now, language)}</td>
          <td>${renderAge(lastUsed, now, language)}</td>
          <td class="act">${renderForm({ ...ending, csrf, id })}</td>
        </tr>`,
    ),
    { scrolls: true },
  );
}

interface FormOptions {
  readonly act: Ending['act'];
  readonly csrf: string;
  readonly name: string;
  readonly button: string;
  readonly id?: string;
}

/** The form that ends something of a user, or a token of a machine where the name is that of no user. */
export function renderForm({ act, csrf, name, button, id }: FormOptions): Html {
  return html`<form action="/owner/${act}" method="post">
    ${csrfField(csrf)}<input type="hidden" name="user" value="${name}" />${
      id === undefined ? NO_HTML : html`<input type="hidden" name="id" value="${id}" />`
    }<button type="submit" class="quiet">
      ${button}${id === undefined ? NO_HTML : html`<span class="visually-hidden"> ${id}</span>`}
    </button>
  </form>`;
}
