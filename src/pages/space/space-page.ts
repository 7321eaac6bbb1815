import { repositoryPath } from '../request/page-address.ts';
import { renderCrumbs } from '../text/crumbs.ts';
import { formatCount, formatSize } from '../text/format.ts';
import { html, NO_HTML, type Html } from '../text/html.ts';
import type { Language } from '../text/language.ts';
import { renderPager, type Place } from '../text/pager.ts';
import { renderBar, type Part } from './bars.ts';
import { renderGarbage, type GarbageState } from './garbage.ts';
import { renderSpaceTable, type SpaceRow } from './space-table.ts';
import { SPACE_WORDS } from './words.ts';

interface ShownSpace {
  readonly rows: readonly SpaceRow[];
  /** Bytes of everything, each blob once, and of what several need. */
  readonly size: number;
  readonly shared: number;
  readonly pages: Place;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly language: Language;
}

/** What all visible repositories take. */
export function renderOverview(
  space: ShownSpace & { readonly garbage: GarbageState | undefined; readonly notice: Html },
): Html {
  const { language, garbage, now } = space;
  const words = SPACE_WORDS[language];
  return html`<section>
    <h1>${words.title}</h1>
    ${space.notice}
    ${
      space.rows.length === 0
        ? html`<div class="state"><p>${words.empty}</p></div>`
        : renderSpace('repository', space)
    }
    ${garbage === undefined ? NO_HTML : renderGarbage(garbage, now, language)}
  </section>`;
}

/** What the tags of one repository take. */
export function renderOneSpace(repository: string, space: ShownSpace): Html {
  const words = SPACE_WORDS[space.language];
  return html`<section>
    ${renderCrumbs(
      [
        { text: words.title, address: '/space' },
        { text: repository, address: undefined },
      ],
      words.where,
    )}
    <div class="heading">
      <h1>${words.ofRepository(repository)}</h1>
      <a href="${repositoryPath(repository)}">${words.tags}</a>
    </div>
    ${
      space.rows.length === 0
        ? html`<div class="state"><p>${words.empty}</p></div>`
        : renderSpace('tag', space)
    }
  </section>`;
}

function renderSpace(kind: 'repository' | 'tag', space: ShownSpace): Html {
  const { rows, size, shared, pages, language } = space;
  const words = SPACE_WORDS[language];
  const sharing = kind === 'tag' ? words.sharedAmongTags : words.shared;
  return html`<div class="whole">
      <dl class="sums">
        <div>
          <dt>${words.total}</dt>
          <dd>${formatSize(size, language)}</dd>
        </div>
        <div>
          <dt>${words.alone}</dt>
          <dd>${formatSize(size - shared, language)}</dd>
        </div>
        <div>
          <dt>${sharing}</dt>
          <dd>${formatSize(shared, language)}</dd>
        </div>
      </dl>
      ${pages.after === undefined ? renderBar(partsOf(kind, space), size, words.picture) : NO_HTML}
    </div>
    <p class="quiet-text small">${kind === 'tag' ? words.tagsHint : words.repositoriesHint}</p>
    ${renderSpaceTable({
      kind,
      rows,
      longest: Math.max(...rows.map((row) => row.size)),
      whole: size,
      language,
    })}
    ${renderPager({ ...pages, rows }, language)}`;
}

/** As many parts of the whole are drawn one by one. */
const MOST_PARTS = 12;

/** The whole: what each one needs alone, the largest first, then what is left of that, then what is shared. */
function partsOf(
  kind: 'repository' | 'tag',
  { rows, size, shared, pages, language }: ShownSpace,
): readonly Part[] {
  const words = SPACE_WORDS[language];
  const label = (name: string, bytes: number): string => `${name}: ${formatSize(bytes, language)}`;
  const largest = rows
    .toSorted((one, other) => other.alone - one.alone)
    .filter(({ alone }) => alone > 0)
    .slice(0, MOST_PARTS);
  const drawn = largest.reduce((sum, { alone }) => sum + alone, 0);
  const rest = Math.max(0, size - shared - drawn);
  const count = formatCount(Math.max(0, pages.total - largest.length), language);
  const sharing = kind === 'tag' ? words.sharedAmongTags : words.shared;
  return [
    ...largest.map(({ name, alone }): Part => ({ label: label(name, alone), bytes: alone, look: 'alone' })),
    { label: label(words.others(count), rest), bytes: rest, look: 'others' },
    { label: label(sharing, shared), bytes: shared, look: 'shared' },
  ];
}
