import type { FolderRow, RepositoriesPage, RepositoryRow } from '../../../inventory/inventory.ts';
import { html, NO_HTML, type Html } from '../../text/html.ts';
import { formatCount, formatSize, renderAge } from '../../text/format.ts';
import type { Language } from '../../text/language.ts';
import { renderPager } from '../../text/pager.ts';
import { renderSortedHeading } from '../../text/sorted-heading.ts';
import { folderPath, repositoryPath } from '../../request/page-address.ts';
import { listPath, type ListQuery } from './list-query.ts';
import { LIST_WORDS } from './words.ts';

/** What the list of repositories shows. */
export interface List {
  readonly query: ListQuery;
  readonly page: RepositoriesPage;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly language: Language;
}

/** The table of folders and repositories, with what stands above and below it. */
export function renderList(list: List): Html {
  const { query, page, language } = list;
  const words = LIST_WORDS[language];
  return html`<div class="table-box">
      <table class="repositories" data-rows>
        <thead>
          <tr>
            ${renderHeadings(list)}
          </tr>
        </thead>
        <tbody>
          ${query.after === undefined ? page.folders.map((row) => renderFolder(row, list)) : NO_HTML}
          ${page.rows.map((row) => renderRow(row, list))}
        </tbody>
      </table>
    </div>
    ${
      page.folders.length < MOST_FOLDERS
        ? NO_HTML
        : html`<p class="quiet-text small">${words.moreFolders}</p>`
    }
    ${renderPager({ ...page, after: query.after, path: (after) => listPath(query, { after }) }, language)}`;
}

/** As many folders as the inventory lists at most. */
const MOST_FOLDERS = 1000;

function renderHeadings({ query, language }: List): readonly Html[] {
  const words = LIST_WORDS[language];
  const columns = [
    { sort: 'name', label: words.name },
    { sort: 'tags', label: words.tags, largestFirst: true, look: 'number wide' },
    { sort: 'size', label: words.size, largestFirst: true, look: 'number' },
    { sort: 'pushed', label: words.pushed, largestFirst: true },
  ] as const;
  return [
    ...columns.map((column) =>
      renderSortedHeading(column, query.order, (order) => listPath(query, { order })),
    ),
    html`<th scope="col" class="wide">${words.by}</th>`,
  ];
}

function renderFolder({ folder, repositories, pushed }: FolderRow, { query, now, language }: List): Html {
  const name = query.folder === '' ? folder : folder.slice(query.folder.length + 1);
  const { inFolder } = LIST_WORDS[language];
  return html`<tr class="folder">
    <th scope="row">
      <a data-row href="${folderPath(folder)}">${name}/</a>
      <span class="inside small">${inFolder(repositories, formatCount(repositories, language))}</span>
    </th>
    <td class="wide"></td>
    <td></td>
    <td class="quiet-text">${pushed === undefined ? NO_HTML : renderAge(pushed.getTime(), now, language)}</td>
    <td class="wide"></td>
  </tr>`;
}

function renderRow(row: RepositoryRow, { query, now, language }: List): Html {
  const { name, pushed, pushedBy } = row;
  const shown = query.folder === '' ? name : name.slice(query.folder.length + 1);
  const slash = shown.lastIndexOf('/') + 1;
  return html`<tr>
    <th scope="row">
      <a data-row href="${repositoryPath(name)}"
        >${slash === 0 ? NO_HTML : html`<span class="folders">${shown.slice(0, slash)}</span>`}${shown.slice(
          slash,
        )}</a
      >
    </th>
    <td class="number wide">${formatCount(row.tags, language)}${row.complete ? NO_HTML : '+'}</td>
    <td class="number">${renderSize(row, language)}</td>
    <td>${pushed === undefined ? NO_HTML : renderAge(pushed.getTime(), now, language)}</td>
    <td class="wide who">${pushedBy}</td>
  </tr>`;
}

function renderSize({ size, complete }: RepositoryRow, language: Language): Html {
  if (!complete && size === 0) return html`…`;
  const text = formatSize(size, language);
  return complete ? html`${text}` : html`<span title="${LIST_WORDS[language].atLeast(text)}">${text}+</span>`;
}
