import { shellWord } from '../../lib/shell-word.ts';
import { csrfField } from '../text/form-parts.ts';
import type { Action } from '../../oci/request/parse.ts';
import { renderCopyLine } from '../text/copy-line.ts';
import { html, NO_HTML, type Html } from '../text/html.ts';
import type { Language } from '../text/language.ts';
import { ACCOUNT_WORDS } from './words.ts';

/** What was typed into the form of a token. */
export interface TokenDraft {
  readonly purpose: string;
  readonly repositories: string;
  readonly allow: readonly string[];
  readonly days: number;
}

const LIFETIMES: readonly number[] = [7, 30, 90, 180, 365];
const ACTIONS: readonly Action[] = ['pull', 'push', 'delete'];
export const NO_DRAFT: TokenDraft = { purpose: '', repositories: '', allow: ['pull'], days: 90 };

interface TokenFormPage {
  readonly language: Language;
  readonly csrf: string;
  readonly user: string;
  readonly draft: TokenDraft;
}

/** The form that makes a token. It is open where something was typed into it already. */
export function renderTokenForm({ language, csrf, user, draft }: TokenFormPage): Html {
  const words = ACCOUNT_WORDS[language];
  return html`<details ${draft === NO_DRAFT ? NO_HTML : html` open`}>
    <summary>${words.make}</summary>
    <form action="/account/make-token" method="post" class="stack card">
      ${csrfField(csrf)}
      <div class="field">
        <label for="purpose">${words.purpose}</label>
        <input
          id="purpose"
          name="purpose"
          value="${draft.purpose}"
          required
          maxlength="64"
          autocapitalize="none"
        />
        <span class="hint">${words.purposeHint(user)}</span>
      </div>
      <div class="field">
        <label for="repositories">${words.repositories}</label>
        <textarea id="repositories" name="repositories" rows="3" required spellcheck="false">
${draft.repositories}</textarea>
        <span class="hint">${words.repositoriesHint}</span>
      </div>
      ${renderActions(draft, language)} ${renderLifetime(draft, language)}
      <button type="submit">${words.submit}</button>
    </form>
  </details>`;
}

function renderActions(draft: TokenDraft, language: Language): Html {
  const words = ACCOUNT_WORDS[language];
  return html`<fieldset>
    <legend>${words.allow}</legend>
    ${ACTIONS.map(
      (action) =>
        html`<label
          ><input type="checkbox" name="allow" value="${action}" ${checked(draft.allow.includes(action))} />
          ${words.actions[action]}</label
        >`,
    )}
  </fieldset>`;
}

function renderLifetime(draft: TokenDraft, language: Language): Html {
  const words = ACCOUNT_WORDS[language];
  return html`<div class="field">
    <label for="days">${words.lifetime}</label>
    <select id="days" name="days">
      ${LIFETIMES.map(
        (days) =>
          html`<option value="${days}" ${days === draft.days ? html` selected` : NO_HTML}>
            ${words.days(days)}
          </option>`,
      )}
    </select>
  </div>`;
}

function checked(isChecked: boolean): Html {
  return isChecked ? html` checked` : NO_HTML;
}

interface MadeToken {
  readonly name: string;
  readonly secret: string;
  readonly host: string;
}

/** A new token, with its secret. It is the one page that shows it. */
export function renderMadeToken({ name, secret, host }: MadeToken, language: Language): Html {
  const words = ACCOUNT_WORDS[language];
  return html`<section>
    <h1>${words.made(name)}</h1>
    <p class="notice warn" role="status">${words.once}</p>
    ${renderCopyLine(secret, language)}
    <p>${words.signInBy}</p>
    ${renderCopyLine(`docker login -u ${shellWord(name)} --password-stdin ${host}`, language)}
    <p><a class="button" href="/account">${words.back}</a></p>
  </section>`;
}
