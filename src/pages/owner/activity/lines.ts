import { renderTable } from '../../text/table.ts';
import type { AuditFields } from '../../../audit/log/chain.ts';
import { parseRight } from '../../../auth/policy/right.ts';
import { printable } from '../../../lib/printable.ts';
import { isRepository } from '../../../oci/request/route.ts';
import { repositoryPath } from '../../request/page-address.ts';
import { formatCount, formatSize, renderAge, renderDigest } from '../../text/format.ts';
import { html, NO_HTML, type Html } from '../../text/html.ts';
import type { Language } from '../../text/language.ts';
import { RIGHT_WORDS } from '../../text/reasons.ts';
import { ACTIVITY_WORDS } from './words.ts';

interface LinesOptions {
  readonly language: Language;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Whether the reader may open the page of a repository. */
  readonly maySee: (repository: string) => boolean;
}

/** Lines of the audit log as a table. Each text of it may be hostile: it is shortened and shown as text. */
export function renderLines(lines: readonly AuditFields[], options: LinesOptions): Html {
  const words = ACTIVITY_WORDS[options.language];
  return renderTable(
    [words.when, words.what, words.who, words.onWhat, words.from, words.details],
    lines.map((fields) => renderLine(fields, options)),
    { scrolls: true, className: 'parts' },
  );
}

function renderLine(fields: AuditFields, options: LinesOptions): Html {
  const { language, now } = options;
  const words = ACTIVITY_WORDS[language];
  const event = textOf(fields, 'event');
  const result = textOf(fields, 'result');
  const word = words.events[`${event} ${result}`] ?? words.events[event] ?? `${event} ${result}`;
  const user = textOf(fields, 'user') || (fields['signedInBy'] === 'anonymous' ? words.anonymous : '');
  return html`<tr>
    <td>${renderAge(Date.parse(textOf(fields, 'time')), now, language)}</td>
    <td><span class="badge ${toneOf(event, result)}">${word}</span></td>
    <td>${user}</td>
    <td>${renderObject(fields, options)}</td>
    <td class="quiet-text">${textOf(fields, 'address')}</td>
    <td class="quiet-text">${detailsOf(fields, language).join(' · ')}</td>
  </tr>`;
}

const BAD: ReadonlySet<string> = new Set(['failed', 'wrong', 'denied', 'ended']);

function toneOf(event: string, result: string): string {
  if (BAD.has(result)) return 'bad';
  if (result === 'incomplete' || result === 'near') return 'warn';
  return event === 'push' || event === 'delete' ? 'good' : '';
}

function renderObject(fields: AuditFields, { maySee, language }: LinesOptions): Html {
  const repository = textOf(fields, 'repository');
  const tag = textOf(fields, 'tag');
  const digest = textOf(fields, 'digest');
  if (repository === '') {
    const { actions } = ACTIVITY_WORDS[language];
    const action = textOf(fields, 'action');
    const parts = [
      actions[action] ?? '',
      textOf(fields, 'target'),
      textOf(fields, 'part'),
      textOf(fields, 'token'),
    ];
    return html`${parts.filter((part) => part !== '').join(' ')}`;
  }
  const name = `${repository}${tag === '' ? '' : `:${tag}`}`;
  const shown =
    isRepository(repository) && maySee(repository)
      ? html`<a href="${repositoryPath(repository)}">${name}</a>`
      : html`${name}`;
  return html`${shown} ${digest === '' || tag !== '' ? NO_HTML : renderDigest(digest)}`;
}

function detailsOf(fields: AuditFields, language: Language): readonly string[] {
  const { bytes, requests, layers } = fields;
  const repeated = typeof requests === 'number' && requests > 1;
  const details = [
    typeof bytes === 'number' && bytes > 0 ? formatSize(bytes, language) : '',
    layersOf(layers, language),
    fields['event'] === 'denial' ? textOf(fields, 'action') : '',
    textOf(fields, 'reason'),
    statusOf(fields['status']),
    RIGHT_WORDS[language](parseRight(textOf(fields, 'rule'))),
    repeated ? ACTIVITY_WORDS[language].requests(formatCount(requests, language)) : '',
  ];
  return details.filter((detail) => detail !== '');
}

/** A status that is no failure tells nothing beside the word for the event. */
function statusOf(status: unknown): string {
  return typeof status === 'number' && status >= 400 ? String(status) : '';
}

function layersOf(layers: unknown, language: Language): string {
  const words = ACTIVITY_WORDS[language].layers;
  const counts = Object.entries(Object(layers)).filter(([, count]) => typeof count === 'number' && count > 0);
  return counts
    .slice(0, 5)
    .map(([name, count]) => {
      const shown = formatCount(Number(count), language);
      return words[name]?.(shown) ?? `${shown} ${printable(name).slice(0, 20)}`;
    })
    .join(', ');
}

/** Longer than any text that the gate writes. */
const LONGEST = 300;

function textOf(fields: AuditFields, name: string): string {
  const value = fields[name];
  return typeof value === 'string' ? printable(value.slice(0, LONGEST)) : '';
}
