import { html, NO_HTML, type Html } from './html.ts';

interface Column {
  readonly text: string;
  /** `number`: to the right. `wide`: not on a phone. `unseen`: said, but not shown. */
  readonly look: 'number' | 'wide' | 'unseen';
}

interface TableLook {
  /** Whether it is scrolled by keys where it is wider than the window. */
  readonly scrolls?: boolean;
  /** Whether the arrows move among its rows. */
  readonly moves?: boolean;
  /** Whether the headings are said, but not shown. */
  readonly hidesHead?: boolean;
  readonly className?: string;
}

/** A table in its box. The empty text is a column without a heading. */
export function renderTable(
  columns: readonly (string | Column)[],
  rows: Html | readonly Html[],
  { scrolls = false, moves = false, hidesHead = false, className }: TableLook = {},
): Html {
  return html`<div class="table-box" ${scrolls ? html`tabindex="0"` : NO_HTML}>
    <table
      ${className === undefined ? NO_HTML : html`class="${className}"`}
      ${moves ? html`data-rows` : NO_HTML}
    >
      <thead ${hidesHead ? html`class="visually-hidden"` : NO_HTML}>
        <tr>
          ${columns.map(renderColumn)}
        </tr>
      </thead>
      <tbody>
        ${rows}
      </tbody>
    </table>
  </div>`;
}

function renderColumn(column: string | Column): Html {
  if (column === '') return html`<td></td>`;
  if (typeof column === 'string') return html`<th scope="col">${column}</th>`;
  const { text, look } = column;
  return look === 'unseen'
    ? html`<th scope="col"><span class="visually-hidden">${text}</span></th>`
    : html`<th scope="col" class="${look}">${text}</th>`;
}
