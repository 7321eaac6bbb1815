import { csrfField } from '../text/form-parts.ts';
import { html, type Html } from '../text/html.ts';
import type { Language } from '../text/language.ts';
import { ACCOUNT_WORDS } from './words.ts';

interface PasswordPage {
  readonly language: Language;
  readonly csrf: string;
  readonly user: string;
  readonly mayChangePassword: boolean;
}

/** The form that changes the password, or how to have it changed. */
export function renderPassword(page: PasswordPage): Html {
  const words = ACCOUNT_WORDS[page.language];
  if (!page.mayChangePassword)
    return html`<section>
      <h2>${words.password}</h2>
      <p class="quiet-text">${words.notWritable}</p>
    </section>`;
  return html`<section id="password">
    <h2>${words.password}</h2>
    <p class="quiet-text">${words.passwordText}</p>
    <form action="/account/password" method="post" class="stack">
      ${csrfField(page.csrf)}<input
        type="text"
        autocomplete="username"
        value="${page.user}"
        hidden
        readonly
      />
      ${passwordField('old', words.old, 'current-password')}
      ${passwordField('next', words.next, 'new-password')}
      ${passwordField('repeat', words.repeat, 'new-password')}
      <button type="submit">${words.change}</button>
    </form>
  </section>`;
}

function passwordField(name: string, label: string, autocomplete: string): Html {
  return html`<div class="field">
    <label for="${name}">${label}</label>
    <input id="${name}" name="${name}" type="password" required autocomplete="${autocomplete}" />
  </div>`;
}
