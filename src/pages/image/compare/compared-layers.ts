import { renderTable } from '../../text/table.ts';
import type { ImageDiff, LayerInBoth } from '../../../images/view/diff-images.ts';
import { totalSize } from '../../../images/view/sizes.ts';
import { formatCount, formatSize, renderDigest } from '../../text/format.ts';
import { html, NO_HTML, type Html } from '../../text/html.ts';
import type { Language } from '../../text/language.ts';
import { HATCHES, renderLayerBar, renderSwatch, type LayerLook } from '../parts/layer-bar.ts';
import { layerRow } from '../parts/image-page.ts';
import type { SeenImage } from '../overview/read-overview.ts';
import { shorten } from './shorten.ts';
import { COMPARE_WORDS } from './words.ts';

/** Two images, as the address names them, and how they differ. */
export interface Compared {
  readonly a: string;
  readonly b: string;
  readonly first: SeenImage;
  readonly second: SeenImage;
  readonly diff: ImageDiff;
}

const LOOKS: Readonly<Record<LayerInBoth['state'], LayerLook>> = {
  same: 'alone',
  removed: 'removed',
  added: 'added',
};
/** As many layers as a page lists. */
const MOST_ROWS = 400;

/** The layers of both as two bars of one scale, and as a table. */
export function renderComparedLayers(compared: Compared, language: Language): Html {
  const { a, b, first, second, diff } = compared;
  const words = COMPARE_WORDS[language];
  const rows = new Map(diff.layers.slice(0, MOST_ROWS).map(({ digest }, at) => [digest, at + 1]));
  const states = new Map(diff.layers.map(({ digest, state }) => [digest, state]));
  const whole = Math.max(...[first, second].map(sizeOf));
  const bar = (name: string, image: SeenImage): Html => {
    const layers = image.opened.manifest.layers.map(({ digest, size }) => {
      const row = rows.get(digest.text);
      return {
        size,
        look: LOOKS[states.get(digest.text) ?? 'same'],
        title: () => formatSize(size, language),
        row: row === undefined ? undefined : layerRow(row),
      };
    });
    return html`<figure class="compared">
      <figcaption>
        ${shorten(name)} <span class="count">${formatSize(sizeOf(image), language)}</span>
      </figcaption>
      ${renderLayerBar(layers, { whole })}
    </figure>`;
  };
  return html`<section>
    ${HATCHES}
    <h2>${words.layers} <span class="count">${formatCount(diff.layers.length, language)}</span></h2>
    ${bar(a, first)}${bar(b, second)}
    <ul class="legend">
      ${legend(diff, 'same', words.shared, language)}
      ${legend(diff, 'removed', words.removed(shorten(a)), language)}
      ${legend(diff, 'added', words.added(shorten(b)), language)}
    </ul>
    ${renderLayerTable(compared, language)}
  </section>`;
}

function sizeOf({ opened }: SeenImage): number {
  return totalSize(opened.manifest.layers);
}

function legend({ layers }: ImageDiff, state: LayerInBoth['state'], name: string, language: Language): Html {
  const found = layers.filter((layer) => layer.state === state);
  if (found.length === 0) return NO_HTML;
  const bytes = totalSize(found);
  const amount = COMPARE_WORDS[language].amount(
    formatSize(bytes, language),
    formatCount(found.length, language),
  );
  return html`<li>${renderSwatch(LOOKS[state])} ${name}: ${amount}</li>`;
}

function renderLayerTable({ a, b, diff }: Compared, language: Language): Html {
  const words = COMPARE_WORDS[language];
  const places = { same: words.shared, removed: shorten(a), added: shorten(b) };
  const rows = diff.layers.slice(0, MOST_ROWS).map(
    ({ digest, size, state, isRecompressed }, at) =>
      html`<tr id="${layerRow(at + 1)}">
        <td>
          ${renderDigest(digest)}
          ${isRecompressed ? html`<span class="quiet-text small">${words.recompressed}</span>` : NO_HTML}
        </td>
        <td>${renderSwatch(LOOKS[state])} ${places[state]}</td>
        <td class="number">${formatSize(size, language)}</td>
      </tr>`,
  );
  return renderTable([words.layer, words.where, { text: words.size, look: 'number' }], rows);
}
