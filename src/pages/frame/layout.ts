import { csrfField, option } from '../text/form-parts.ts';
import { html, NO_HTML, type Html } from '../text/html.ts';
import { LANGUAGES } from '../text/language.ts';
import { accountOf } from '../../auth/principal.ts';
import { THEMES, type PageAnswer, type PageRequest } from '../request/page-request.ts';
import type { PageKind } from '../request/page-address.ts';
import { FRAME_WORDS } from './words.ts';

type ShownPage = Extract<PageAnswer, { readonly kind: 'page' }>;

interface LayoutOptions {
  readonly icon: string;
  /** The addresses of the style and of the script. */
  readonly style: string;
  readonly script: string;
}

const OWN_NAMES: Readonly<Record<(typeof LANGUAGES)[number], string>> = { en: 'English', ko: '한국어' };

/** The whole page around its content. */
export function renderLayout(
  request: PageRequest,
  page: ShownPage,
  { style, script, icon }: LayoutOptions,
): Html {
  const { language, theme, client } = request;
  const words = FRAME_WORDS[language];
  return html`<!doctype html>
    <html lang="${language}" data-theme="${theme}">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="referrer" content="same-origin" />
        <meta name="color-scheme" content="${theme === 'auto' ? 'light dark' : theme}" />
        <title>${page.title} · ${client.host}</title>
        <link rel="stylesheet" href="${style}" />
        <link rel="icon" type="image/svg+xml" href="${icon}" />
        <script type="module" src="${script}"></script>
      </head>
      <body>
        <a class="skip" href="#content">${words.toContent}</a>
        <header class="top">
          <a class="brand" href="/">${client.host}</a>
          <form class="search" action="/" method="get" role="search">
            <input
              type="search"
              name="search"
              value="${request.query.get('search')}"
              placeholder="${words.search}"
              aria-label="${words.search}"
              title="${words.searchHint}"
              maxlength="255"
              autocomplete="off"
            />
          </form>
          <nav aria-label="${words.navigation}">
            <ul>
              ${renderLinks(request)}
            </ul>
          </nav>
          ${renderAccount(request)}
        </header>
        <main id="content" tabindex="-1">${page.body}</main>
        ${renderFooter(request)}
      </body>
    </html> `;
}

/** The pages that the menu links to, and who sees them. */
const MENU: readonly {
  readonly kind: PageKind;
  readonly path: string;
  readonly word: MenuWord;
  readonly owner?: true;
}[] = [
  { kind: 'repositories', path: '/', word: 'repositories' },
  { kind: 'space', path: '/space', word: 'space' },
  { kind: 'activity', path: '/activity', word: 'activity', owner: true },
  { kind: 'users', path: '/users', word: 'users', owner: true },
  { kind: 'health', path: '/health', word: 'health', owner: true },
  { kind: 'connect', path: '/connect', word: 'connect' },
];

type MenuWord = 'repositories' | 'space' | 'activity' | 'users' | 'health' | 'connect';

function renderLinks({ address, isOwner, language }: PageRequest): readonly Html[] {
  const words = FRAME_WORDS[language];
  return MENU.filter(({ owner }) => owner === undefined || isOwner).map(
    ({ kind, path, word }) =>
      html`<li>
        <a href="${path}" ${kind === address.kind ? html` aria-current="page"` : NO_HTML}>${words[word]}</a>
      </li>`,
  );
}

function renderAccount({ principal, csrf, language, address, target }: PageRequest): Html {
  const words = FRAME_WORDS[language];
  if (principal.kind === 'anonymous') {
    const back = address.kind === 'sign-in' ? '' : `?to=${encodeURIComponent(target)}`;
    return html`<div class="account"><a class="button" href="/sign-in${back}">${words.signIn}</a></div>`;
  }
  return html`<div class="account">
    <a href="/account" title="${words.account}">${accountOf(principal)}</a>
    <form action="/sign-out" method="post">
      ${csrfField(csrf)}<button type="submit" class="quiet">${words.signOut}</button>
    </form>
  </div>`;
}

function renderFooter({ language, theme, target }: PageRequest): Html {
  const words = FRAME_WORDS[language];
  const languages = LANGUAGES.map((it) => option(it, OWN_NAMES[it], it === language));
  const themes = THEMES.map((it) => option(it, words.themes[it], it === theme));
  return html`<footer>
    <form action="/preferences" method="post" data-apply>
      <input type="hidden" name="to" value="${target}" /><label
        >${words.language}
        <select name="language">
          ${languages}
        </select></label
      ><label
        >${words.theme}
        <select name="theme">
          ${themes}
        </select></label
      ><button type="submit" class="quiet">${words.apply}</button>
    </form>
  </footer>`;
}
