import { renderTable } from '../../text/table.ts';
import { inRepository, withQuery } from '../../request/page-address.ts';
import type { RequestOf } from '../../request/page-request.ts';
import { formatCount, formatSize } from '../../text/format.ts';
import { html, NO_HTML, type Html } from '../../text/html.ts';
import { renderForeignLine } from '../../text/visible-text.ts';
import { layerRow } from '../parts/image-page.ts';
import type { FileRow, FilesReply } from './thread/question.ts';
import { FILES_WORDS } from './words.ts';

type FilesRequest = RequestOf<'files'>;
type Directory = Extract<FilesReply, { readonly kind: 'directory' }>;

/** The address of a file or directory of the same image. */
export function filePath(
  { address, query }: FilesRequest,
  path: string,
  more: Readonly<Record<string, string>> = {},
): string {
  const base = inRepository(address.repository, 'files', address.reference);
  return withQuery(base, { path, platform: query.get('platform'), hidden: query.get('hidden'), ...more });
}

/** One directory of an image. */
export function renderDirectory(request: FilesRequest, directory: Directory): Html {
  const { language } = request;
  const words = FILES_WORDS[language];
  const { path, rows } = directory;
  const isHidden = request.query.get('hidden') === '1';
  const toggle = isHidden
    ? html`<a href="${filePath(request, path, { hidden: '' })}">${words.hideHidden}</a>`
    : html`<a href="${filePath(request, path, { hidden: '1' })}">${words.showHidden}</a>`;
  const list =
    rows.length === 0
      ? html`<p class="quiet-text">${words.empty}</p>`
      : renderTable(
          [
            words.name,
            { text: words.size, look: 'number' },
            words.mode,
            { text: words.owner, look: 'number' },
            words.modified,
            { text: words.layer, look: 'number' },
          ],
          rows.map((row) => renderRow(request, row)),
          { moves: true, className: 'files' },
        );
  return html`<section>
    <div class="heading">${renderPath(request, path)} <span class="small">${toggle}</span></div>
    ${list}${renderPager(request, directory)}
  </section>`;
}

/** Each of the directories above is a link that holds all those before it. */
const MOST_PARTS = 40;
/** A row whose path is longer is no link: there are 500 of them, and each has its whole path. */
const MOST_PATH_LETTERS = 1024;

/** The directories above, each a link; of very many the last. */
export function renderPath(request: FilesRequest, path: string): Html {
  const words = FILES_WORDS[request.language];
  const all = path.split('/').filter((part) => part !== '');
  const first = Math.max(0, all.length - MOST_PARTS);
  const links = all.slice(first).map((part, place) => {
    const at = first + place;
    const name = renderForeignLine(part, request.language, 120);
    const isLast = at === all.length - 1;
    return isLast
      ? html`/<b>${name}</b>`
      : html`/<a href="${filePath(request, `/${all.slice(0, at + 1).join('/')}`)}">${name}</a>`;
  });
  return html`<h2 class="path">
    <span class="visually-hidden">${words.where} </span
    ><a href="${filePath(request, '')}">${words.root}</a>${first === 0 ? NO_HTML : '/…'}${links}
  </h2>`;
}

function renderName(request: FilesRequest, { name, path, isDirectory, hidden }: FileRow): Html {
  const shown = html`${renderForeignLine(name, request.language, 200)}${isDirectory ? '/' : ''}`;
  const isThere = hidden === undefined || isDirectory;
  return path !== undefined && path.length <= MOST_PATH_LETTERS && isThere
    ? html`<a data-row href="${filePath(request, path)}">${shown}</a>`
    : shown;
}

function renderRow(request: FilesRequest, row: FileRow): Html {
  const { language, address, query } = request;
  const words = FILES_WORDS[language];
  const { link, hidden, layer, size } = row;
  const named = renderName(request, row);
  const image = withQuery(inRepository(address.repository, 'image', address.reference), {
    platform: query.get('platform'),
  });
  const to = (number: number): Html =>
    html`<a href="${image}#${layerRow(number)}" title="${words.layerName(number)}">${number}</a>`;
  return html`<tr ${hidden === undefined ? NO_HTML : html` class="gone"`}>
    <th scope="row">
      ${hidden === undefined ? named : html`<del>${named}</del>`}
      ${link === '' ? NO_HTML : html`<span class="quiet-text small">→ ${renderForeignLine(link, language, 200)}</span>`}
      ${hidden === undefined ? NO_HTML : html`<span class="badge warn">${words.hiddenBy[hidden.how](hidden.by)}</span>`}
    </th>
    <td class="number">${size === undefined ? '' : formatSize(size, language)}</td>
    <td><code>${row.mode}</code></td>
    <td class="number">${row.owner}</td>
    <td>${renderTime(row)}</td>
    <td class="number">${to(layer)}</td>
  </tr>`;
}

function renderTime({ modified }: FileRow): Html {
  if (modified === '') return NO_HTML;
  return html`<time datetime="${modified}">${modified.slice(0, 16).replace('T', ' ')}</time>`;
}

function renderPager(request: FilesRequest, { path, rows, total }: Directory): Html {
  const words = FILES_WORDS[request.language];
  const from = Math.max(0, Math.trunc(Number(request.query.get('from'))) || 0);
  if (from === 0 && rows.length === total) return NO_HTML;
  const count = (number: number): string => formatCount(number, request.language);
  const back =
    from === 0
      ? NO_HTML
      : html`<a href="${filePath(request, path, { from: String(Math.max(0, from - 500)) })}"
          >${words.previous}</a
        >`;
  const on =
    from + rows.length >= total
      ? NO_HTML
      : html`<a href="${filePath(request, path, { from: String(from + rows.length) })}">${words.next}</a>`;
  return html`<nav class="pager" aria-label="${words.where}">
    <span>${words.page(count(from + 1), count(from + rows.length), count(total))}</span>
    <span class="buttons">${back}${on}</span>
  </nav>`;
}
