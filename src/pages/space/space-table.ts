import { formatSize, shortTag } from '../text/format.ts';
import { html, NO_HTML, type Html } from '../text/html.ts';
import type { Language } from '../text/language.ts';
import { renderBar } from './bars.ts';
import { SPACE_WORDS } from './words.ts';

/** A repository or a tag, and what it takes. */
export interface SpaceRow {
  readonly name: string;
  readonly address: string;
  /** Where its own parts are shown, if it has any. */
  readonly inside: string | undefined;
  readonly size: number;
  readonly alone: number;
}

interface SpaceTable {
  readonly kind: 'repository' | 'tag';
  readonly rows: readonly SpaceRow[];
  /** What the longest bar stands for, and what the shares are of. */
  readonly longest: number;
  readonly whole: number;
  readonly language: Language;
}

/** What each of several things takes, as numbers and as bars to one scale. */
export function renderSpaceTable(table: SpaceTable): Html {
  const { columns } = SPACE_WORDS[table.language];
  return html`<div class="table-box">
    <table class="space" data-rows>
      <thead>
        <tr>
          <th scope="col">${columns[table.kind]}</th>
          <th scope="col" class="number">${columns.size}</th>
          <th scope="col" class="number wide">${columns.alone}</th>
          <th scope="col" class="number wide">${columns.share}</th>
          <th scope="col">${columns.picture}</th>
        </tr>
      </thead>
      <tbody>
        ${table.rows.map((row) => renderRow(row, table))}
      </tbody>
    </table>
  </div>`;
}

function renderRow(
  { name, address, inside, size, alone }: SpaceRow,
  { longest, whole, language }: SpaceTable,
): Html {
  const words = SPACE_WORDS[language];
  const [all, own] = [formatSize(size, language), formatSize(alone, language)];
  const rest = formatSize(size - alone, language);
  const sharing = `${words.columns.alone} ${own}, ${words.shared} ${rest}`;
  return html`<tr>
    <th scope="row">
      <a data-row href="${address}">${shortTag(name)}</a>
      ${inside === undefined ? NO_HTML : html`<a class="inside small" href="${inside}">${words.tags}</a>`}
    </th>
    <td class="number">${all}</td>
    <td class="number wide">${own}</td>
    <td class="number wide">${formatShare(size, whole, language)}</td>
    <td class="picture">
      ${renderBar(
        [
          { label: `${words.columns.alone}: ${own}`, bytes: alone, look: 'alone' },
          { label: rest, bytes: size - alone, look: 'shared' },
        ],
        longest,
        sharing,
      )}
    </td>
  </tr>`;
}

function formatShare(size: number, whole: number, language: Language): string {
  const share = whole <= 0 ? 0 : Math.min(1, size / whole);
  return new Intl.NumberFormat(language, { style: 'percent', maximumFractionDigits: 1 }).format(share);
}
