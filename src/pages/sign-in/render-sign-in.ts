import { html, NO_HTML, type Html } from '../text/html.ts';
import type { Language } from '../text/language.ts';
import { SIGN_IN_WORDS } from './words.ts';

/** What happened before the form is shown. */
export type SignInNotice =
  | { readonly kind: 'ended' | 'left' | 'missing' | 'rejected' | 'machine' | 'failed' }
  | { readonly kind: 'throttled' | 'busy'; readonly seconds: number };

interface SignInPage {
  readonly language: Language;
  readonly notice: SignInNotice | undefined;
  /** Empty for nobody. */
  readonly signedInAs: string;
  /** The page to go to afterwards. */
  readonly to: string;
  /** The name that was typed before. */
  readonly user: string;
  readonly mayLookAround: boolean;
}

/** The form to sign in by, with what happened before. */
export function renderSignIn(page: SignInPage): Html {
  const { language, notice, signedInAs, to } = page;
  const words = SIGN_IN_WORDS[language];
  return html`<section class="sign-in card">
    <h1>${words.title}</h1>
    ${notice === undefined ? NO_HTML : renderNotice(notice, language)}
    ${
      signedInAs === ''
        ? NO_HTML
        : html`<p class="notice">
            ${words.already(signedInAs)} <a href="${to}">${words.goOn}</a><br />${words.other}
          </p>`
    }
    ${renderForm(page)}
    <p class="quiet-text small">${words.hint}</p>
    ${
      page.mayLookAround && signedInAs === ''
        ? html`<p class="small"><a href="/">${words.anonymous}</a></p>`
        : NO_HTML
    }
  </section>`;
}

function renderForm({ language, to, user }: SignInPage): Html {
  const words = SIGN_IN_WORDS[language];
  return html`<form action="/sign-in" method="post" class="stack">
    <input type="hidden" name="to" value="${to}" />
    <div class="field">
      <label for="user">${words.user}</label>
      <input
        id="user"
        name="user"
        value="${user}"
        required
        maxlength="255"
        autocomplete="username"
        autocapitalize="none"
        spellcheck="false"
        ${user === '' ? html` autofocus` : NO_HTML}
      />
    </div>
    <div class="field">
      <label for="password">${words.password}</label>
      <input
        id="password"
        name="password"
        type="password"
        required
        autocomplete="current-password"
        ${user === '' ? NO_HTML : html` autofocus`}
      />
    </div>
    <button type="submit">${words.submit}</button>
  </form>`;
}

function renderNotice(notice: SignInNotice, language: Language): Html {
  const words = SIGN_IN_WORDS[language];
  if (notice.kind === 'left') return html`<p class="notice" role="status">${words.left}</p>`;
  if (notice.kind === 'ended') return html`<p class="notice warn" role="status">${words.ended}</p>`;
  const text =
    notice.kind === 'throttled' || notice.kind === 'busy'
      ? words[notice.kind](notice.seconds)
      : words[notice.kind];
  return html`<p class="notice bad" role="alert">${text}</p>`;
}
