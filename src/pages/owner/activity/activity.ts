import type { LogPlace } from '../../../audit/read-back.ts';
import { readBack } from '../../../audit/read-back.ts';
import { systemCode } from '../../../lib/errors.ts';
import type { PageAnswer, PageRequest } from '../../request/page-request.ts';
import { renderCopyLine } from '../../text/copy-line.ts';
import { formatCount } from '../../text/format.ts';
import { html, NO_HTML, type Html } from '../../text/html.ts';
import { choiceOf, pathOf, renderForm } from './filter-form.ts';
import { SPAN_MS, WANTS } from './kinds.ts';
import { renderKnown, type KnownOptions } from './known.ts';
import { renderLines } from './lines.ts';
import { renderLockouts } from './lockouts.ts';
import type { Lockouts } from './unlock.ts';
import { ACTIVITY_WORDS } from './words.ts';

export interface ActivityOptions extends KnownOptions {
  /** The file of the audit log; `-` for standard output; undefined where none is written. */
  readonly auditFile: string | undefined;
  /** Undefined where guessing has no consequences. */
  readonly lockouts: Pick<Lockouts, 'rows'> | undefined;
}

const PER_PAGE = 50;
const MOST_LOCKOUTS = 100;

/** What happened, and who is locked out. */
export async function showActivity(options: ActivityOptions, request: PageRequest): Promise<PageAnswer> {
  const { language } = request;
  const words = ACTIVITY_WORDS[language];
  const [log, rows] = await Promise.all([
    renderLog(options, request),
    options.lockouts?.rows(MOST_LOCKOUTS).catch(() => 'unknown' as const),
  ]);
  const unlocked = /^\d{1,6}$/.exec(request.query.get('unlocked'))?.[0];
  const body = html`<div class="heading"><h1>${words.title}</h1></div>
    ${
      unlocked === undefined
        ? NO_HTML
        : html`<p class="notice" role="status">${words.unlocked(formatCount(Number(unlocked), language))}</p>`
    }
    ${log} ${renderLockouts(rows, request)}`;
  return { kind: 'page', title: words.title, body };
}

async function renderLog(options: ActivityOptions, request: PageRequest): Promise<Html> {
  const { auditFile } = options;
  const words = ACTIVITY_WORDS[request.language];
  if (auditFile === undefined || auditFile === '-') {
    return html`<section class="card">
        <h2>${words.offTitle}</h2>
        <p>${auditFile === undefined ? words.off : words.toOutput}</p>
        ${renderCopyLine('registry-gate serve --audit /var/log/registry-gate/audit.log', request.language)}
      </section>
      ${await renderKnown(options, request)}`;
  }
  try {
    return html`<section>${renderForm(request)} ${await renderPage(auditFile, options, request)}</section>`;
  } catch (error) {
    const code = systemCode(error);
    if (code === undefined) throw error;
    return html`<p class="notice bad">${words.unreadable(auditFile, code)}</p>`;
  }
}

async function renderPage(path: string, options: ActivityOptions, request: PageRequest): Promise<Html> {
  const { query, language, principal, client } = request;
  const words = ACTIVITY_WORDS[language];
  const now = options.now();
  const before = parsePlace(query.get('before'));
  const { lines, next, isCompressed } = await readBack({
    path,
    filter: filterOf(request, now),
    before,
    most: PER_PAGE,
  });
  const visible = options.see({ principal, client });
  const isPart = next !== undefined && lines.length < PER_PAGE;
  const empty = html`<div class="state card"><p>${isPart ? words.searchedPart : words.none}</p></div>`;
  return html`${
      lines.length === 0
        ? empty
        : renderLines(lines, { language, now, maySee: (name) => visible.may('pull', name) })
    }
    <div class="pager">
      ${before === undefined ? html`<span></span>` : html`<a class="button quiet" href="${pathOf(request)}">${words.newest}</a>`}
      ${
        next === undefined
          ? html`<span>${isCompressed ? words.compressed : ''}</span>`
          : html`<a class="button quiet" href="${pathOf(request, `${next.inode}-${next.offset}`)}"
              >${isPart ? words.searchOn : words.older}</a
            >`
      }
    </div>`;
}

function filterOf({ query }: PageRequest, now: number): Parameters<typeof readBack>[0]['filter'] {
  const { kind, span, user, repository } = choiceOf({ query });
  const ms = SPAN_MS[span];
  return {
    user: user || undefined,
    repository: repository || undefined,
    since: ms === undefined ? undefined : now - ms,
    wants: WANTS[kind],
  };
}

function parsePlace(text: string): LogPlace | undefined {
  const [, inode = '', offset = ''] = /^(\d{1,20})-(\d{1,15})$/.exec(text) ?? [];
  return inode === '' ? undefined : { inode, offset: Number(offset) };
}
