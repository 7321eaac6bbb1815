import { renderTable } from '../../text/table.ts';
import { csrfField } from '../../text/form-parts.ts';
import type { LedgerRow } from '../../../auth/abuse/ledger.ts';
import { formatCount } from '../../text/format.ts';
import { html, NO_HTML, type Html } from '../../text/html.ts';
import type { PageRequest } from '../../request/page-request.ts';
import type { ActivityWords } from './word-list.ts';
import { ACTIVITY_WORDS } from './words.ts';

/**
 * The wrong passwords that are counted, and a button for each that forgets them. `rows` is undefined where nothing is
 * counted, and `unknown` where the process that counts does not answer.
 */
export function renderLockouts(
  rows: readonly LedgerRow[] | 'unknown' | undefined,
  { language, csrf }: Pick<PageRequest, 'language' | 'csrf'>,
): Html {
  const words = ACTIVITY_WORDS[language];
  const say = (text: string): Html =>
    html`<section>
      <h2>${words.lockouts}</h2>
      <p class="quiet-text">${text}</p>
    </section>`;
  if (rows === undefined) return say(words.unthrottled);
  if (rows === 'unknown') return say(words.unknownLockouts);
  if (rows.length === 0) return say(words.noLockouts);
  return html`<section>
    <h2>${words.lockouts}</h2>
    <p class="quiet-text">${words.lockoutsHint}</p>
    ${renderTable(
      [
        words.user,
        words.from,
        { text: words.wrong, look: 'number' },
        words.blockedFor,
        { text: words.unlock, look: 'unseen' },
      ],
      rows.map((row) => renderRow(row, words, { language, csrf })),
      { scrolls: true },
    )}
  </section>`;
}

function renderRow(
  row: LedgerRow,
  words: ActivityWords,
  { language, csrf }: Pick<PageRequest, 'language' | 'csrf'>,
): Html {
  const { network, failures, blockedMs } = row;
  const who = nameOf(row, words);
  const seconds = formatCount(Math.ceil(blockedMs / 1000), language);
  return html`<tr>
    <th scope="row">${who}</th>
    <td>${network === '' ? words.everywhere : network}</td>
    <td class="number">${formatCount(failures, language)}</td>
    <td>
      ${
        blockedMs > 0
          ? html`<span class="badge bad">${words.seconds(seconds)}</span>`
          : html`<span class="quiet-text">${words.notBlocked}</span>`
      }
    </td>
    <td class="act">${renderUnlock(row, words, csrf)}</td>
  </tr>`;
}

/** Of a known user the counts of the user go; of others, those of the network. */
function renderUnlock(row: LedgerRow, words: ActivityWords, csrf: string): Html {
  const user = row.user.startsWith('=') ? row.user.slice(1) : '';
  const target = user === '' ? row.network : user;
  if (target === '') return NO_HTML;
  return html`<form action="/owner/unlock" method="post">
    ${csrfField(csrf)}<input
      type="hidden"
      name="${user === '' ? 'network' : 'user'}"
      value="${target}"
    /><button type="submit" class="quiet" aria-label="${words.unlockOf(target)}">${words.unlock}</button>
  </form>`;
}

function nameOf({ kind, user }: LedgerRow, words: ActivityWords): string {
  if (kind === 'tokens') return words.tokens;
  if (user.startsWith('#')) return words.unknownName;
  return user === '' ? words.everybody : user.slice(1);
}
