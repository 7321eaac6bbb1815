import { renderTable } from '../../text/table.ts';
import type { OwnToken } from '../../../auth/tokens/own-tokens.ts';
import { expiryWarning } from '../../../auth/tokens/store/lifetime.ts';
import { isAlive } from '../../../auth/tokens/store/machine-token.ts';
import type { PageRequest } from '../../request/page-request.ts';
import { renderCopyLine } from '../../text/copy-line.ts';
import { formatCount, renderAge } from '../../text/format.ts';
import { html, NO_HTML, type Html } from '../../text/html.ts';
import { renderForm } from './person.ts';
import type { UsersOptions } from './source.ts';
import type { UsersWords } from './word-list.ts';
import { USERS_WORDS } from './words.ts';

const MOST = 500;

/** The tokens of machines, those that end first before the others. */
export function renderMachines({ machines, now }: UsersOptions, request: PageRequest): Html {
  const { language } = request;
  const words = USERS_WORDS[language];
  const tokens = machines.all().toSorted((one, other) => endOf(one) - endOf(other));
  if (tokens.length === 0) {
    return html`<section class="card">
      <p>${words.noTokens} ${words.noTokensHint}</p>
      ${renderCopyLine("registry-gate tokens create ci --repository 'team/**' --allow pull,push", language)}
    </section>`;
  }
  return html`${renderTable(
    [
      words.token,
      words.scope,
      words.madeBy,
      words.ends,
      words.lastUsed,
      { text: words.revoke, look: 'unseen' },
    ],
    tokens.slice(0, MOST).map((token) => renderToken(token, request, now())),
    { scrolls: true },
  )}
  ${tokens.length > MOST ? html`<p class="quiet-text">${words.cutShort(formatCount(MOST, language))}</p>` : NO_HTML}`;
}

function endOf({ expires }: OwnToken): number {
  return expires === null ? Infinity : Date.parse(expires);
}

function renderToken(token: OwnToken, { language, csrf }: PageRequest, now: number): Html {
  const { id, name, maker, lastUsed } = token;
  const words = USERS_WORDS[language];
  return html`<tr>
    <th scope="row">${name}<span class="under mono">${id}</span></th>
    <td>${renderScope(token, words)}</td>
    <td>${maker ?? ''}</td>
    <td>${renderEnd(token, { language }, now)}</td>
    <td>${lastUsed === undefined ? words.never : renderAge(lastUsed, now, language)}</td>
    <td class="act">
      ${renderForm({ act: 'revoke', csrf, name: `token:${name}`, id, button: words.revoke })}
    </td>
  </tr>`;
}

function renderScope({ scope, networks }: OwnToken, { actions, byRules, from }: UsersWords): Html {
  const parts = scope?.map(
    ({ repositories, allow }) =>
      html`<span class="rule-line"
        >${allow.map((action) => html`<span class="badge">${actions[action]}</span>`)}
        <code>${repositories.join(' ')}</code></span
      >`,
  );
  return html`${parts ?? html`<span class="quiet-text">${byRules}</span>`}
  ${networks.length === 0 ? NO_HTML : html`<span class="under">${from} ${networks.join(', ')}</span>`}`;
}

function renderEnd(token: OwnToken, { language }: Pick<PageRequest, 'language'>, now: number): Html {
  const words = USERS_WORDS[language];
  if (token.expires === null) return html`<span class="quiet-text">${words.never}</span>`;
  const age = renderAge(Date.parse(token.expires), now, language);
  if (!isAlive(token, now)) return html`${age} <span class="badge">${words.hasEnded}</span>`;
  const isSoon = expiryWarning(token, now) !== undefined;
  return html`${age} ${isSoon ? html`<span class="badge warn">${words.endsSoon}</span>` : NO_HTML}`;
}
