import { browserName } from '../../account/browser-name.ts';
import type { createVisible } from '../../request/visible.ts';
import { repositoryPath } from '../../request/page-address.ts';
import type { PageRequest } from '../../request/page-request.ts';
import { renderAge } from '../../text/format.ts';
import { html, type Html } from '../../text/html.ts';
import { renderTable } from '../../text/table.ts';
import { renderForeignLine } from '../../text/visible-text.ts';
import { ACTIVITY_WORDS } from './words.ts';

/** Somebody who signed in, and is signed in still. */
export interface SignIn {
  readonly kind: 'browser' | 'device';
  readonly user: string;
  readonly address: string;
  /** What the client says of itself. */
  readonly agent: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

export interface KnownOptions {
  readonly see: ReturnType<typeof createVisible>;
  /** Returns the latest sign-ins, the newest first. */
  readonly signIns: (most: number) => Promise<readonly SignIn[]>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

const MOST = 20;

/** What is known of acts where no audit log can be read: the last push of repositories, and who signed in. */
export async function renderKnown(options: KnownOptions, request: PageRequest): Promise<Html> {
  const words = ACTIVITY_WORDS[request.language];
  const [pushes, signIns] = await Promise.all([
    renderPushes(options, request),
    renderSignIns(options, request),
  ]);
  return html`<section>
      <h2>${words.pushes}</h2>
      <p class="quiet-text">${words.pushesHint}</p>
      ${pushes}
    </section>
    <section>
      <h2>${words.signIns}</h2>
      <p class="quiet-text">${words.signInsHint}</p>
      ${signIns}
    </section>`;
}

async function renderPushes({ see, now }: KnownOptions, request: PageRequest): Promise<Html> {
  const { language } = request;
  const words = ACTIVITY_WORDS[language];
  const query = { deep: true, sort: 'pushed', descending: true, limit: MOST } as const;
  const rows = (await see(request).repositories(query)).rows.flatMap(({ name, pushed, pushedBy }) =>
    pushed === undefined
      ? []
      : [
          html`<tr>
            <td>${renderAge(pushed.getTime(), now(), language)}</td>
            <td>${pushedBy ?? ''}</td>
            <th scope="row"><a href="${repositoryPath(name)}">${name}</a></th>
          </tr>`,
        ],
  );
  return rows.length === 0
    ? html`<p class="quiet-text">${words.noPushes}</p>`
    : renderTable([words.when, words.who, words.repository], rows, { scrolls: true });
}

async function renderSignIns({ signIns, now }: KnownOptions, { language }: PageRequest): Promise<Html> {
  const words = ACTIVITY_WORDS[language];
  const rows = (await signIns(MOST)).map(
    ({ kind, user, address, agent, at }) =>
      html`<tr>
        <td>${renderAge(at, now(), language)}</td>
        <th scope="row">${user}</th>
        <td>${address}</td>
        <td>
          ${words.signedInWith[kind]}
          <span class="quiet-text small"
            >${renderForeignLine(kind === 'browser' ? browserName(agent) : agent, language, 120)}</span
          >
        </td>
      </tr>`,
  );
  return rows.length === 0
    ? html`<p class="quiet-text">${words.noSignIns}</p>`
    : renderTable([words.when, words.who, words.from, words.details], rows, { scrolls: true });
}
