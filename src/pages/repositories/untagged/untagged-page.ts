import { inRepository, repositoryCrumbs, repositoryPath } from '../../request/page-address.ts';
import { renderCopyLine } from '../../text/copy-line.ts';
import { renderCrumbs } from '../../text/crumbs.ts';
import { formatSize, renderAge, renderDigest } from '../../text/format.ts';
import { html, NO_HTML, type Html } from '../../text/html.ts';
import type { Language } from '../../text/language.ts';
import { renderPager, type Place } from '../../text/pager.ts';
import { renderTable } from '../../text/table.ts';
import type { KeptBy, UntaggedRow } from './read-untagged.ts';
import { UNTAGGED_WORDS } from './words.ts';

interface ShownUntagged {
  readonly repository: string;
  readonly rows: readonly UntaggedRow[];
  readonly freed: number;
  readonly place: Place;
  readonly isEmbedded: boolean;
  readonly mayDelete: boolean;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly language: Language;
}

const FORM = 'untagged';

/** The manifests of a repository that have no tag. */
export function renderUntagged(shown: ShownUntagged): Html {
  const { repository, rows, place, isEmbedded, language } = shown;
  const words = UNTAGGED_WORDS[language];
  return html`<section>
    ${renderCrumbs(repositoryCrumbs(repository, words.all), words.where)}
    <h1>${words.title}</h1>
    <p class="quiet-text">${words.hint} ${isEmbedded ? NO_HTML : words.seenHint}</p>
    ${rows.length === 0 ? renderNone(language) : renderRows(shown)}
    ${renderPager({ ...place, rows }, language)}
    <p><a class="button quiet" href="${repositoryPath(repository)}">${words.back}</a></p>
  </section>`;
}

function renderNone(language: Language): Html {
  const words = UNTAGGED_WORDS[language];
  return html`<div class="state">
    <h2>${words.none}</h2>
    <p>${words.noneHint}</p>
  </div>`;
}

function renderRows(shown: ShownUntagged): Html {
  const { repository, rows, mayDelete, language } = shown;
  const words = UNTAGGED_WORDS[language];
  const { columns } = words;
  const table = renderTable(
    [
      ...(mayDelete ? [{ text: columns.select, look: 'unseen' } as const] : []),
      columns.digest,
      columns.kind,
      { text: columns.size, look: 'number' },
      columns.since,
      columns.why,
    ],
    rows.map((row) => renderRow(row, shown)),
    { moves: true },
  );
  return html`${renderFreed(shown)}
    <form id="${FORM}" action="${inRepository(repository, 'remove')}" method="get">
      ${table}
      ${
        mayDelete
          ? html`<div class="buttons"><button type="submit" class="quiet">${words.remove}</button></div>`
          : NO_HTML
      }
    </form>`;
}

function renderFreed({ freed, isEmbedded, language }: ShownUntagged): Html {
  if (freed === 0) return NO_HTML;
  const words = UNTAGGED_WORDS[language];
  const command = isEmbedded
    ? 'registry-gate gc --untagged'
    : 'registry garbage-collect -m /etc/docker/registry/config.yml';
  return html`<p>
      ${words.freed(formatSize(freed, language))} <span class="quiet-text">${words.freedHint}</span>
    </p>
    ${renderCopyLine(command, language)}`;
}

function renderRow(
  { digest, kind, size, since, keptBy }: UntaggedRow,
  { repository, mayDelete, now, language }: ShownUntagged,
): Html {
  const words = UNTAGGED_WORDS[language];
  const page = kind === 'index' || kind === 'image' ? 'image' : 'referrer';
  return html`<tr>
    ${
      mayDelete
        ? html`<td>
            <input type="checkbox" name="digest" value="${digest}" aria-label="${words.select(digest)}" />
          </td>`
        : NO_HTML
    }
    <th scope="row"><a href="${inRepository(repository, page, digest)}">${renderDigest(digest)}</a></th>
    <td>${words.kinds[kind]}</td>
    <td class="number">${formatSize(size, language)}</td>
    <td>${renderAge(since.getTime(), now, language)}</td>
    <td>${renderKept(keptBy, repository, language)}</td>
  </tr>`;
}

function renderKept(keptBy: KeptBy | undefined, repository: string, language: Language): Html | string {
  const words = UNTAGGED_WORDS[language];
  if (keptBy === undefined) return words.nothing;
  if (keptBy.by === 'tag')
    return html`<a href="${inRepository(repository, 'image', keptBy.tag)}"
      >${words.partOfTag(keptBy.tag)}</a
    >`;
  const { by, digest } = keptBy;
  return html`${by === 'index' ? words.partOf : words.refersTo}
    <a href="${inRepository(repository, 'image', digest)}">${renderDigest(digest)}</a>`;
}
