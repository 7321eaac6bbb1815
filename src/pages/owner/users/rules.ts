import { renderTable } from '../../text/table.ts';
import type { Policy, Rule } from '../../../auth/policy/policy.ts';
import { renderWho } from '../../../auth/policy/who.ts';
import { html, NO_HTML, type Html } from '../../text/html.ts';
import { formatCount } from '../../text/format.ts';
import type { Language } from '../../text/language.ts';
import { USERS_WORDS } from './words.ts';

const MOST = 1000;

/** The rules of the access file, each with its line. */
export function renderRules(policy: Policy, language: Language): Html {
  const words = USERS_WORDS[language];
  if (policy.kind === 'open') {
    return html`<section class="card">
      <h2>${words.open}</h2>
      <p>${words.openHint}</p>
    </section>`;
  }
  const { rules, owners } = policy;
  return html`<p class="quiet-text">${words.rulesHint}</p>
    <p>
      <strong>${words.owners}:</strong>
      ${owners.size === 0 ? words.noOwners : [...owners].map((owner) => owner.replace(/^user:/, '')).join(', ')}
    </p>
    ${renderTable(
      [words.who, words.may, words.repository, words.where],
      rules.slice(0, MOST).map((rule) => renderRule(rule, language)),
      { scrolls: true, className: 'rules' },
    )}
    ${rules.length > MOST ? html`<p class="quiet-text">${words.cutShort(formatCount(MOST, language))}</p>` : NO_HTML}`;
}

function renderRule({ where, who, include, exclude, allow, networks }: Rule, language: Language): Html {
  const words = USERS_WORDS[language];
  return html`<tr>
    <th scope="row">${who.map((it) => renderWho(it).replace(/^user:/, '')).join(', ')}</th>
    <td>
      <span class="rule-line"
        >${[...allow].map((it) => html`<span class="badge">${words.actions[it]}</span>`)}</span
      >
    </td>
    <td>
      <code>${include.map(({ text }) => text).join(' ')}</code>
      ${
        exclude.length === 0
          ? NO_HTML
          : html`<span class="under"
              >${words.except} <code>${exclude.map(({ text }) => text).join(' ')}</code></span
            >`
      }
      ${
        networks === undefined
          ? NO_HTML
          : html`<span class="under">${words.onlyFrom(networks.map(({ text }) => text).join(', '))}</span>`
      }
    </td>
    <td><code class="quiet-text">${where}</code></td>
  </tr>`;
}
