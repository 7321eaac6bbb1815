import type { TagRow } from '../../../inventory/inventory.ts';
import { formatSize, renderAge, renderDigest, shortTag } from '../../text/format.ts';
import { html, NO_HTML, type Html } from '../../text/html.ts';
import { inRepository } from '../../request/page-address.ts';
import { artifactKind } from './artifact-kind.ts';
import type { Tags } from './tags.ts';
import { TAGS_WORDS } from './words.ts';

/** As many platforms are named in a row. */
const NAMED_PLATFORMS = 3;
const LONGEST_TYPE = 60;

/** The row of one tag. */
export function renderTagRow(row: TagRow, tags: Tags): Html {
  const { query, language, now, maySelect } = tags;
  const { tag, digest, size, created, pushed, pulled } = row;
  const words = TAGS_WORDS[language];
  const age = (date: Date | undefined): Html =>
    date === undefined ? NO_HTML : renderAge(date.getTime(), now, language);
  return html`<tr>
    ${
      maySelect
        ? html`<td class="select">
            <input type="checkbox" name="tag" value="${tag}" aria-label="${words.select(tag)}" />
          </td>`
        : NO_HTML
    }
    <th scope="row">
      <a data-row href="${inRepository(query.repository, 'image', tag)}">${shortTag(tag)}</a>
      ${renderKind(row, tags)}
      <span class="narrow quiet-text small">${renderPlatforms(row)}</span>
    </th>
    <td class="wide">${renderPlatforms(row)}</td>
    <td class="number">${size === undefined ? NO_HTML : formatSize(size, language)}</td>
    <td class="wide">${digest === undefined ? NO_HTML : renderDigest(digest)}</td>
    <td class="wide">${age(created)}</td>
    <td>${age(pushed)}</td>
    <td class="wide who">${row.pushedBy}</td>
    <td class="wide">${age(pulled)}</td>
  </tr>`;
}

function renderKind(row: TagRow, { language }: Pick<Tags, 'language'>): Html {
  const words = TAGS_WORDS[language];
  if (row.problem !== undefined)
    return html`<span class="badge warn" title="${row.problem}">${words.problem}</span>`;
  if (row.digest === undefined) return html`<span class="quiet-text small">${words.unread}</span>`;
  const kind = artifactKind(row);
  if (kind === 'image') return NO_HTML;
  const type = row.artifactType?.slice(0, LONGEST_TYPE) ?? '';
  return html`<span class="badge" title="${type}">${kind === 'other' ? type : words.kinds[kind]}</span>`;
}

function renderPlatforms({ platforms }: Pick<TagRow, 'platforms'>): Html {
  const more = platforms.length - NAMED_PLATFORMS;
  const named = platforms.slice(0, NAMED_PLATFORMS).join(', ');
  return more <= 0
    ? html`${named}`
    : html`<span title="${platforms.join(', ')}">${named} <span class="quiet-text">+${more}</span></span>`;
}
