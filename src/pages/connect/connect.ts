import { accountOf } from '../../auth/principal.ts';
import type { PageRequest, PageRoutes } from '../request/page-request.ts';
import { withQuery } from '../request/page-address.ts';
import type { createVisible } from '../request/visible.ts';
import { renderCopyLine } from '../text/copy-line.ts';
import { html, NO_HTML, type Html } from '../text/html.ts';
import type { Language } from '../text/language.ts';
import { CLIENTS, stepsFor, type Client, type Connection } from './clients.ts';
import { CONNECT_WORDS } from './words.ts';

export interface ConnectOptions {
  readonly see: ReturnType<typeof createVisible>;
  /** The CA of the gate; undefined where its certificate is not from one of its own. */
  readonly authority: () => { readonly sha256: string } | undefined;
}

/** The commands by which a machine comes to trust the gate, to sign in, to push and to pull. */
export function connectRoutes(options: ConnectOptions): PageRoutes {
  return {
    connect: {
      get: (request) => {
        const { title } = CONNECT_WORDS[request.language];
        return { kind: 'page', title, body: renderConnect(options, request) };
      },
    },
  };
}

/** A host as it may stand in an image name (distribution/reference), which no shell reads in another way. */
const HOST = /^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,253})|\[[0-9A-Fa-f:]{2,45}\])(?::\d{1,5})?$/;

function renderConnect({ see, authority }: ConnectOptions, request: PageRequest): Html {
  const { language, client } = request;
  const words = CONNECT_WORDS[language];
  if (!HOST.test(client.host)) {
    return html`<section class="state">
      <h1>${words.title}</h1>
      <p>${words.badHost}</p>
    </section>`;
  }
  const chosen = CLIENTS.find((it) => it === request.query.get('client')) ?? guess(client.agent);
  const connection: Connection = {
    host: client.host.replace(/:443$/, ''),
    fingerprint: authority()?.sha256,
    user: accountOf(request.principal) || 'USER',
    repository: repositoryFor(request, see),
  };
  return html`<div class="heading"><h1>${words.title}</h1></div>
    <p class="quiet-text">${words.lead(connection.host)}</p>
    <nav class="tabs" aria-label="${words.choose}">
      ${CLIENTS.map((it) => renderTab(it, it === chosen, language))}
    </nav>
    ${connection.fingerprint === undefined ? html`<p class="notice">${words.noTrust}</p>` : NO_HTML}
    <ol class="steps">
      ${stepsFor(chosen, connection).map((step) => renderStep(step, connection, language))}
    </ol>
    <p class="quiet-text">${words.fails}</p>
    ${renderCopyLine(`registry-gate doctor ${connection.host}`, language)}
    ${connection.fingerprint === undefined ? NO_HTML : html`<p class="quiet-text small">${words.why}</p>`}`;
}

function guess(agent: string): Client {
  if (agent.includes('Windows')) return 'windows';
  return agent.includes('Macintosh') ? 'macos' : 'docker';
}

/** The first of these that the reader may push to, else one that shows the form of a name. */
function repositoryFor(
  { principal, client }: Pick<PageRequest, 'principal' | 'client'>,
  see: ConnectOptions['see'],
): string {
  const { may } = see({ principal, client });
  const own = principal.kind === 'user' && /^[a-z0-9]+(?:[._-][a-z0-9]+)*$/.test(principal.name);
  const names = [...(own ? [`${principal.name}/app`] : []), 'team/app', 'app'];
  return names.find((name) => may('push', name)) ?? 'team/app';
}

function renderTab(client: Client, isChosen: boolean, language: Language): Html {
  const current = isChosen ? html` aria-current="page"` : NO_HTML;
  return html`<a href="${withQuery('/connect', { client })}" ${current}
    >${CONNECT_WORDS[language].clients[client]}</a
  >`;
}

type Step = ReturnType<typeof stepsFor>[number];

function renderStep(
  { kind, commands, file, notes = [] }: Step,
  { fingerprint = '' }: Connection,
  language: Language,
): Html {
  const words = CONNECT_WORDS[language];
  return html`<li class="card">
    <h2>${words.steps[kind]}</h2>
    ${file === undefined ? NO_HTML : html`<p class="quiet-text">${words.content(file)}</p>`}
    ${commands.map((command) => renderCopyLine(command, language))}
    ${notes.map((note) => html`<p class="quiet-text">${words.notes[note]}</p>`)}
    ${
      kind === 'fetch'
        ? html`<p class="fingerprint">
            <span class="visually-hidden">${words.fingerprint}</span><code>${withColons(fingerprint)}</code>
          </p>`
        : NO_HTML
    }
  </li>`;
}

/** As openssl prints it. */
function withColons(fingerprint: string): string {
  return (fingerprint.toUpperCase().match(/../g) ?? []).join(':');
}
