import { renderTable } from '../../text/table.ts';
import type { PageAnswer, PageRequest } from '../../request/page-request.ts';
import { formatCount, formatSize, renderAge } from '../../text/format.ts';
import { html, NO_HTML, type Html } from '../../text/html.ts';
import type { Language } from '../../text/language.ts';
import { judge, type Check } from './checks.ts';
import type { HealthReport, Transfer } from './report.ts';
import { HEALTH_WORDS, type HealthWords } from './words.ts';

export interface HealthOptions {
  readonly health: () => Promise<HealthReport>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** How the gate is. The parts with `data-live` are taken from this page again while somebody looks. */
export async function showHealth({ health, now }: HealthOptions, request: PageRequest): Promise<PageAnswer> {
  const { language } = request;
  const words = HEALTH_WORDS[language];
  const report = await health();
  const checks = judge(report, now(), language);
  const bad = checks.filter(({ level }) => level !== 'ok').length;
  const body = html`<div class="heading">
      <h1>${words.title}</h1>
      <p class="quiet-text small" data-live-note hidden>${words.live}</p>
    </div>
    <section id="health-checks" data-live>
      <p class="${bad === 0 ? 'notice' : 'notice warn'}" role="status">
        ${bad === 0 ? words.allWell : words.notWell(bad)}
      </p>
      ${renderChecks(checks, words)}
    </section>
    <section id="health-transfers" data-live>
      <h2>${words.transfers}</h2>
      ${renderTransfers(report, language)}
    </section>
    <section id="health-facts" data-live>
      <h2>${words.facts}</h2>
      ${renderFacts(report, now(), language)}
    </section>`;
  return { kind: 'page', title: words.title, body };
}

const TONES = { ok: 'good', warn: 'warn', bad: 'bad' } as const;

function renderChecks(checks: readonly Check[], words: HealthWords): Html {
  const rows = checks.map(
    ({ level, what, name, state, cure }) =>
      html`<tr>
        <td><span class="badge ${TONES[level]}">${words.levels[level]}</span></td>
        <th scope="row">
          ${what}${name === undefined ? NO_HTML : html`<span class="under mono">${name}</span>`}
        </th>
        <td>${state}${cure === undefined ? NO_HTML : html`<code class="cure">${cure}</code>`}</td>
      </tr>`,
  );
  return renderTable([words.state, words.what, words.cure], rows, {
    scrolls: true,
    hidesHead: true,
    className: 'health',
  });
}

function renderTransfers({ transfers, otherTransfers }: HealthReport, language: Language): Html {
  const words = HEALTH_WORDS[language];
  if (transfers.length === 0) return html`<p class="quiet-text">${words.noTransfers}</p>`;
  return html`${renderTable(
    [
      words.direction,
      words.repository,
      words.who,
      { text: words.bytes, look: 'number' },
      { text: words.rate, look: 'number' },
    ],
    transfers.map((transfer) => renderTransfer(transfer, language)),
    { scrolls: true },
  )}
  ${
    otherTransfers === 0
      ? NO_HTML
      : html`<p class="quiet-text small">${words.others(formatCount(otherTransfers, language))}</p>`
  }`;
}

function renderTransfer(transfer: Transfer, language: Language): Html {
  const { direction, repository, user, address, bytes, total, rate } = transfer;
  const words = HEALTH_WORDS[language];
  const moved = formatSize(bytes, language);
  const isKnown = total !== undefined && total >= bytes && total > 0;
  return html`<tr>
    <td><span class="badge">${words.directions[direction]}</span></td>
    <th scope="row">${repository}</th>
    <td>${user || words.anonymous} <span class="quiet-text">${address}</span></td>
    <td class="number">
      ${isKnown ? words.of(moved, formatSize(total, language)) : moved}
      ${isKnown ? html`<progress value="${bytes}" max="${total}" aria-label="${repository}"></progress>` : NO_HTML}
    </td>
    <td class="number">${words.perSecond(formatSize(rate, language))}</td>
  </tr>`;
}

function renderFacts(report: HealthReport, now: number, language: Language): Html {
  const words = HEALTH_WORDS[language];
  const { version, node, startedAt, connections, names } = report;
  return html`<dl class="facts card">
    <dt>${words.version}</dt>
    <dd>${version}</dd>
    <dt>${words.node}</dt>
    <dd>${node}</dd>
    <dt>${words.since}</dt>
    <dd>${renderAge(startedAt, now, language)}</dd>
    <dt>${words.connections}</dt>
    <dd>${formatCount(connections, language)}</dd>
    <dt>${words.names}</dt>
    <dd class="mono">${names.slice(0, MOST_NAMES).join(', ')}${names.length > MOST_NAMES ? ' …' : ''}</dd>
  </dl>`;
}

const MOST_NAMES = 30;
