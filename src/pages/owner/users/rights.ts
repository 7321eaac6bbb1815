import { findNearMisses } from '../../../auth/policy/explain.ts';
import { findRight, type Right } from '../../../auth/policy/right.ts';
import type { Principal } from '../../../auth/principal.ts';
import { parseAddress } from '../../../lib/network.ts';
import type { Action } from '../../../oci/request/parse.ts';
import { isRepository } from '../../../oci/request/route.ts';
import type { PageRequest } from '../../request/page-request.ts';
import { formatCount } from '../../text/format.ts';
import { html, NO_HTML, type Html } from '../../text/html.ts';
import type { Language } from '../../text/language.ts';
import { MISS_WORDS, RIGHT_WORDS } from '../../text/reasons.ts';
import { askedBy, renderQuestion, type Question } from './question.ts';
import { findPrincipal, type UsersOptions } from './source.ts';
import { USERS_WORDS } from './words.ts';

const MOST = 200;

/** The form of a question about rights, and its answer, each with the rule that decides. */
export async function renderRights(options: UsersOptions, request: PageRequest): Promise<Html> {
  const question = askedBy(request);
  return html`${renderQuestion(question, request.language)} ${await renderAnswer(options, request, question)}`;
}

async function renderAnswer(options: UsersOptions, request: PageRequest, question: Question): Promise<Html> {
  const { who, repository } = question;
  const principal = who === '' ? undefined : findPrincipal(options, who);
  const fault = faultOf(question, principal, request.language);
  if (fault !== undefined) return html`<p class="notice bad" role="alert">${fault}</p>`;
  if (principal === undefined)
    return repository === '' ? NO_HTML : renderOfRepository(options, request, question);
  return repository === ''
    ? renderOfPrincipal(options, request, { ...question, principal })
    : renderOne(options, { ...question, principal }, request.language);
}

function faultOf(
  { who, repository, address }: Question,
  principal: Principal | undefined,
  language: Language,
): string | undefined {
  const words = USERS_WORDS[language];
  if (who !== '' && principal === undefined) return words.badWho;
  if (repository !== '' && !isRepository(repository)) return words.badRepository;
  return address === undefined || parseAddress(address) !== undefined ? undefined : words.badAddress;
}

type Asked = Question & { readonly principal: Principal };

/** One answer in full: what allows each action, or what comes near. */
function renderOne({ policy }: UsersOptions, asked: Asked, language: Language): Html {
  const { principal, repository, actions, address } = asked;
  const words = USERS_WORDS[language];
  const current = policy();
  const rows = actions.map((action) => {
    const need = { action, repository };
    const right = findRight(current, principal, need, address);
    const near = right === undefined ? findNearMisses(current, principal, need, address).slice(0, MOST) : [];
    return html`<tr>
      <th scope="row">${words.actions[action]}</th>
      <td>${renderVerdict(right, language)}</td>
      <td>
        ${right === undefined ? NO_HTML : html`<code>${RIGHT_WORDS[language](right)}</code>`}
        ${near.map(
          ({ where, miss }) =>
            html`<span class="under"><code>${where}</code> ${MISS_WORDS[language](miss)}</span>`,
        )}
        ${right === undefined && near.length === 0 ? html`<span class="quiet-text">${words.noRule}</span>` : NO_HTML}
      </td>
    </tr>`;
  });
  return html`<div class="table-box" tabindex="0">
    <table>
      <caption>
        ${asked.who} · ${repository}
      </caption>
      <tbody>
        ${rows}
      </tbody>
    </table>
  </div>`;
}

/** What one may do, in every repository that the reader may see. */
async function renderOfPrincipal(options: UsersOptions, request: PageRequest, asked: Asked): Promise<Html> {
  const words = USERS_WORDS[request.language];
  const query = { deep: true, sort: 'name', descending: false, limit: MOST } as const;
  const found = await options.see(request).repositories(query);
  const names = found.rows.map(({ name }) => name);
  if (names.length === 0) return html`<div class="state card"><p>${words.noRepository}</p></div>`;
  const rows = names.map((name) => ({ name, principal: asked.principal, repository: name }));
  return renderMatrix(
    options,
    { rows, isCut: found.next !== undefined, head: words.repository, ...asked },
    request,
  );
}

/** Who may do what in one repository: every user, every token, any other user, and clients without a name. */
function renderOfRepository(options: UsersOptions, request: PageRequest, question: Question): Html {
  const words = USERS_WORDS[request.language];
  const tokens = options.machines.all().map(({ name }) => `token:${name}`);
  const names = [...options.users().map(({ name }) => `user:${name}`), ...new Set(tokens)];
  const rows = [...names.slice(0, MOST), 'authenticated', 'anonymous'].flatMap((who) => {
    const principal = findPrincipal(options, who);
    if (principal === undefined) return [];
    const name =
      who === 'authenticated'
        ? words.everyoneElse
        : who === 'anonymous'
          ? words.anonymous
          : who.replace(/^user:/, '');
    return [{ name, principal, repository: question.repository }];
  });
  return renderMatrix(options, { rows, isCut: names.length > MOST, head: words.who, ...question }, request);
}

interface Matrix {
  readonly head: string;
  readonly rows: readonly {
    readonly name: string;
    readonly principal: Principal;
    readonly repository: string;
  }[];
  readonly isCut: boolean;
  readonly actions: readonly Action[];
  readonly address: string | undefined;
}

function renderMatrix(
  { policy }: UsersOptions,
  { head, rows, isCut, actions, address }: Matrix,
  { language }: Pick<PageRequest, 'language'>,
): Html {
  const words = USERS_WORDS[language];
  const current = policy();
  const cells = ({ principal, repository }: Matrix['rows'][number]): readonly Html[] =>
    actions.map((action) => {
      const right = findRight(current, principal, { action, repository }, address);
      return html`<td>
        ${renderVerdict(right, language)}
        ${right === undefined ? NO_HTML : html`<span class="under mono">${RIGHT_WORDS[language](right)}</span>`}
      </td>`;
    });
  return html`<div class="table-box" tabindex="0">
      <table>
        <thead>
          <tr>
            <th scope="col">${head}</th>
            ${actions.map((action) => html`<th scope="col">${words.actions[action]}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${rows.map(
            (row) =>
              html`<tr>
                <th scope="row">${row.name}</th>
                ${cells(row)}
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
    ${isCut ? html`<p class="quiet-text">${words.cutShort(formatCount(MOST, language))}</p>` : NO_HTML}`;
}

function renderVerdict(right: Right | undefined, language: Language): Html {
  const words = USERS_WORDS[language];
  return right === undefined
    ? html`<span class="quiet-text">${words.denied}</span>`
    : html`<span class="badge good">${words.allowed}</span>`;
}
