import { inRepository } from '../../request/page-address.ts';
import { html, NO_HTML, type Html } from '../../text/html.ts';
import type { Tags } from './tags.ts';
import { renderPager } from '../../text/pager.ts';
import { renderSortedHeading } from '../../text/sorted-heading.ts';
import { renderTagRow } from './tag-row.ts';
import { tagsPath, type RepositoryQuery } from './tags-query.ts';
import { TAGS_WORDS } from './words.ts';

/** The id of the form that the checkboxes belong to. */
export const SELECTION = 'selection';

/** The table of tags, and the links to its other pages. */
export function renderTagsTable(tags: Tags): Html {
  const { query, page, language } = tags;
  return html`<form id="${SELECTION}" action="${inRepository(query.repository, 'remove')}" method="get">
      <div class="table-box">
        <table class="tags" data-rows data-selection>
          <thead>
            <tr>
              ${renderHeadings(tags)}
            </tr>
          </thead>
          <tbody>
            ${page.rows.map((row) => renderTagRow(row, tags))}
          </tbody>
        </table>
      </div>
    </form>
    ${renderPager({ ...page, after: query.after, path: (after) => tagsPath(query, { after }) }, language)}`;
}

function renderHeadings({ query, language, maySelect }: Tags): readonly Html[] {
  const { columns, selectAll } = TAGS_WORDS[language];
  const sorted = (
    column: Parameters<typeof renderSortedHeading<RepositoryQuery['order']['sort']>>[0],
  ): Html => renderSortedHeading(column, query.order, (order) => tagsPath(query, { order }));
  return [
    maySelect
      ? html`<td class="select">
          <input type="checkbox" data-select-all aria-label="${selectAll}" hidden />
        </td>`
      : NO_HTML,
    renderTagHeading(query, columns),
    html`<th scope="col" class="wide">${columns.platforms}</th>`,
    sorted({ sort: 'size', label: columns.size, largestFirst: true, look: 'number' }),
    html`<th scope="col" class="wide">${columns.digest}</th>
      <th scope="col" class="wide">${columns.created}</th>`,
    sorted({ sort: 'pushed', label: columns.pushed, largestFirst: true }),
    html`<th scope="col" class="wide">${columns.by}</th>
      <th scope="col" class="wide">${columns.pulled}</th>`,
  ];
}

/** Tags are sorted as versions, or by name: two links in one heading. */
function renderTagHeading(
  query: RepositoryQuery,
  { version, name }: { readonly version: string; readonly name: string },
): Html {
  const { sort, descending } = query.order;
  const isSorted = sort === 'version' || sort === 'name';
  const direction = descending ? 'descending' : 'ascending';
  const link = (by: 'version' | 'name', word: string): Html => {
    const isThis = sort === by;
    const to = tagsPath(query, {
      order: { sort: by, descending: isThis ? !descending : by === 'version' },
    });
    return html`<a href="${to}" ${isThis ? html` aria-current="true"` : NO_HTML}>${word}</a>`;
  };
  return html`<th scope="col" class="two" ${isSorted ? html` aria-sort="${direction}"` : NO_HTML}>
    ${link('version', version)} ${link('name', name)}
  </th>`;
}
