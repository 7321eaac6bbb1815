import { renderTable } from '../text/table.ts';
import { csrfField } from '../text/form-parts.ts';
import type { ScopeEntry } from '../../auth/principal.ts';
import { formatAge, renderAge } from '../text/format.ts';
import { html, NO_HTML, type Html } from '../text/html.ts';
import type { Language } from '../text/language.ts';
import { renderTokenForm, type TokenDraft } from './render-token.ts';
import { NOTICE_WORDS, type Done, type Refusal } from './notices.ts';
import { renderPassword } from './render-password.ts';
import { ACCOUNT_WORDS } from './words.ts';

/** A browser or a device that is signed in. */
export interface SignedIn {
  readonly id: string;
  readonly what: string;
  readonly address: string;
  /** Milliseconds since 1970. */
  readonly lastUsed: number;
  readonly began: number;
  /** Whether it is the browser that asks. */
  readonly isThis?: boolean;
}

interface ListedToken {
  readonly id: string;
  readonly name: string;
  readonly scope: readonly ScopeEntry[];
  readonly lastUsed: number | undefined;
  readonly ends: number;
}

/** A notice at the top: what was done, or why nothing was. */
export type AccountNotice =
  | { readonly kind: 'done'; readonly done: Done }
  | { readonly kind: 'refused'; readonly refusal: Refusal; readonly detail?: string };

interface AccountPage {
  readonly language: Language;
  readonly csrf: string;
  readonly user: string;
  readonly now: number;
  readonly notice: AccountNotice | undefined;
  readonly browsers: readonly SignedIn[];
  /** Undefined where clients get no tokens here. */
  readonly devices: readonly SignedIn[] | undefined;
  readonly tokens: readonly ListedToken[];
  readonly draft: TokenDraft;
  readonly mayChangePassword: boolean;
}

/** All that a user can see and end of the own account. */
export function renderAccount(page: AccountPage): Html {
  const words = ACCOUNT_WORDS[page.language];
  return html`<div class="heading">
      <h1>${words.title}: ${page.user}</h1>
      <form action="/sign-out" method="post">
        ${csrfField(page.csrf)}<input type="hidden" name="everywhere" value="1" /><button class="quiet">
          ${words.everywhere}
        </button>
      </form>
    </div>
    ${page.notice === undefined ? NO_HTML : renderNotice(page.notice, page.language)} ${renderBrowsers(page)}
    ${page.devices === undefined ? NO_HTML : renderDevices(page, page.devices)} ${renderTokens(page)}
    ${renderPassword(page)}`;
}

function renderNotice(notice: AccountNotice, language: Language): Html {
  const words = NOTICE_WORDS[language];
  if (notice.kind === 'refused')
    return html`<p class="notice bad" role="alert">${words.refused[notice.refusal]} ${notice.detail}</p>`;
  const isWarning = notice.done === 'weak' || notice.done === 'gone';
  return html`<p class="notice${isWarning ? ' warn' : ''}" role="status">${words.done[notice.done]}</p>`;
}

interface Act {
  readonly act: string;
  readonly text: string;
  /** What it is done to. */
  readonly id?: string;
  /** Which one it is, for whoever does not see the row. */
  readonly label?: string;
}

function button(page: AccountPage, { act, text, id, label = text }: Act): Html {
  return html`<form action="/account/${act}" method="post">
    ${csrfField(page.csrf)}${id === undefined ? NO_HTML : html`<input type="hidden" name="id" value="${id}" />`}<button
      class="quiet"
      aria-label="${label}"
    >
      ${text}
    </button>
  </form>`;
}

function renderBrowsers(page: AccountPage): Html {
  const words = ACCOUNT_WORDS[page.language];
  const hasOthers = page.browsers.some(({ isThis }) => isThis !== true);
  return html`<section>
    <h2>${words.browsers}</h2>
    <p class="quiet-text">${words.browsersText}</p>
    ${renderSignedIn(page, page.browsers, { act: 'end-browser', text: words.end })}
    ${hasOthers ? button(page, { act: 'end-browsers', text: words.endOthers }) : NO_HTML}
  </section>`;
}

function renderDevices(page: AccountPage, devices: readonly SignedIn[]): Html {
  const words = ACCOUNT_WORDS[page.language];
  return html`<section>
    <h2>${words.devices}</h2>
    <p class="quiet-text">${words.devicesText}</p>
    ${
      devices.length === 0
        ? html`<p>${words.noDevices}</p>`
        : renderSignedIn(page, devices, { act: 'end-device', text: words.end })
    }
    ${devices.length > 1 ? button(page, { act: 'end-devices', text: words.revokeAll }) : NO_HTML}
  </section>`;
}

function renderSignedIn(page: AccountPage, rows: readonly SignedIn[], act: Act): Html {
  const { language, now } = page;
  const words = ACCOUNT_WORDS[language];
  const lines = rows.map(
    ({ id, what, address, lastUsed, began, isThis }) =>
      html`<tr>
        <th scope="row">
          ${what === '' ? words.unknown : what}
          ${isThis === true ? html`<span class="badge good">${words.thisBrowser}</span>` : NO_HTML}
        </th>
        <td>${address}</td>
        <td>${renderAge(lastUsed, now, language)}</td>
        <td class="wide">${renderAge(began, now, language)}</td>
        <td>
          ${isThis === true ? NO_HTML : button(page, { ...act, id, label: `${act.text}: ${what} ${address}` })}
        </td>
      </tr>`,
  );
  return renderTable([words.what, words.from, words.used, { text: words.began, look: 'wide' }, ''], lines, {
    className: 'parts',
  });
}

function renderTokens(page: AccountPage): Html {
  const words = ACCOUNT_WORDS[page.language];
  return html`<section id="tokens">
    <h2>${words.tokens}</h2>
    <p class="quiet-text">${words.tokensText}</p>
    ${page.tokens.length === 0 ? html`<p>${words.noTokens}</p>` : renderTokenTable(page)}
    ${renderTokenForm(page)}
  </section>`;
}

function renderTokenTable(page: AccountPage): Html {
  const { language, now, tokens } = page;
  const words = ACCOUNT_WORDS[language];
  const lines = tokens.map(
    ({ id, name, scope, lastUsed, ends }) =>
      html`<tr>
        <th scope="row">${name} <span class="quiet-text small">${id}</span></th>
        <td>${scope.map((entry) => rightsOf(entry, language)).join('; ')}</td>
        <td>${formatAge(ends, now, language)}</td>
        <td>${lastUsed === undefined ? words.never : renderAge(lastUsed, now, language)}</td>
        <td>
          ${button(page, { act: 'end-token', text: words.revoke, id, label: `${words.revoke}: ${id}` })}
        </td>
      </tr>`,
  );
  return renderTable([words.name, words.rights, words.ends, words.used, ''], lines, { className: 'parts' });
}

function rightsOf({ repositories, allow }: ScopeEntry, language: Language): string {
  const { actions } = ACCOUNT_WORDS[language];
  return `${allow.map((action) => actions[action]).join(', ')}: ${repositories.join(' ')}`;
}
