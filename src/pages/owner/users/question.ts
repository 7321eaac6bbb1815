import { textField } from '../../text/form-parts.ts';
import { isAction, type Action } from '../../../oci/request/parse.ts';
import type { PageRequest } from '../../request/page-request.ts';
import { html, NO_HTML, type Html } from '../../text/html.ts';
import type { Language } from '../../text/language.ts';
import { USERS_WORDS } from './words.ts';

/** A question about rights, as it was typed. An empty text stands for all. */
export interface Question {
  readonly who: string;
  readonly repository: string;
  readonly actions: readonly Action[];
  readonly address: string | undefined;
}

const ALL: readonly Action[] = ['pull', 'push', 'delete'];

/** Reads the question from the address of the page. */
export function askedBy({ query }: Pick<PageRequest, 'query'>): Question {
  const text = (name: string): string => query.get(name).trim().slice(0, 300);
  const action = text('action');
  return {
    who: text('who'),
    repository: text('repository'),
    actions: isAction(action) ? [action] : ALL,
    address: text('address') || undefined,
  };
}

/** The form of the question. */
export function renderQuestion({ who, repository, actions, address }: Question, language: Language): Html {
  const words = USERS_WORDS[language];
  return html`<form class="fields filter" action="/users" method="get">
      <input type="hidden" name="view" value="rights" />
      ${textField({ name: 'who', label: words.who, value: who, placeholder: words.whoHint, longest: 300 })}
      ${renderActions(actions, language)}
      ${textField({
        name: 'repository',
        id: 'asked',
        label: words.repository,
        value: repository,
        placeholder: 'team/app',
        longest: 300,
      })}
      ${textField({
        name: 'address',
        label: words.atAddress,
        value: address ?? '',
        placeholder: '10.0.0.7',
        longest: 64,
      })}
      <button type="submit">${words.show}</button>
    </form>
    <p class="quiet-text small">${words.askHint}</p>`;
}

function renderActions(actions: readonly Action[], language: Language): Html {
  const words = USERS_WORDS[language];
  const chosen = actions.length === 1 ? actions[0] : undefined;
  const options = ALL.map(
    (it) =>
      html`<option value="${it}" ${it === chosen ? html` selected` : NO_HTML}>${words.actions[it]}</option>`,
  );
  return html`<div class="field">
    <label for="action">${words.action}</label
    ><select id="action" name="action">
      <option value="">${words.anyAction}</option>
      ${options}
    </select>
  </div>`;
}
