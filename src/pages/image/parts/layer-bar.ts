import { html, NO_HTML, type Html } from '../../text/html.ts';

/** How a layer is drawn. Each look has a pattern beside its colour. */
export type LayerLook = 'plain' | 'alone' | 'shared' | 'added' | 'removed';

interface BarLayer {
  /** In bytes. */
  readonly size: number;
  readonly look: LayerLook;
  /** What pointing at it tells. Asked for those alone that are drawn. */
  readonly title: () => string;
  /** The row of the layer on this page. */
  readonly row: string | undefined;
}

interface BarOptions {
  /** The bytes that fill the whole width. Default: those of the layers. */
  readonly whole?: number;
}

/** As many as can be told apart; layers beyond are drawn as one. */
const MOST_DRAWN = 256;
/** The least width, in percent, so that a small layer can be seen and hit. */
const LEAST = 0.35;
const HATCHED: readonly LayerLook[] = ['shared', 'removed'];

/**
 * Draws layers to scale, the lowest at the left. It only repeats what the page says in words, so it is hidden from
 * screen readers. Widths are attributes: the content security policy forbids styles in the page.
 */
export function renderLayerBar(layers: readonly BarLayer[], { whole }: BarOptions = {}): Html {
  const drawn = layers.slice(0, MOST_DRAWN);
  const total = Math.max(1, whole ?? sumOf(layers));
  const least = drawn.map(({ size }) => Math.max((size / total) * 100, LEAST));
  const scale = Math.min(1, 100 / Math.max(1, sum(least)));
  let at = 0;
  const pieces = drawn.map((layer, number) => {
    const width = (least[number] ?? 0) * scale;
    const piece = renderPiece(layer, at, width);
    at += width;
    return piece;
  });
  return html`<svg class="layer-bar" aria-hidden="true" focusable="false" width="100%" height="36">
    ${pieces}
  </svg>`;
}

function renderPiece({ look, title, row }: BarLayer, at: number, width: number): Html {
  const place = html`x="${percent(at)}" width="${percent(width)}" y="0" height="36"`;
  const hatch = HATCHED.includes(look) ? html`<rect ${place} fill="url(#hatch-${look})" />` : NO_HTML;
  const drawn = html`<title>${title()}</title> <rect class="layer ${look}" ${place} />${hatch}`;
  return row === undefined
    ? html`<g>${drawn}</g>`
    : html`<a href="#${row}" tabindex="-1" data-layer="${row}">${drawn}</a>`;
}

/** The patterns of a page with bars, once for each page. */
export const HATCHES: Html = html`<svg
  class="hatches"
  aria-hidden="true"
  focusable="false"
  width="0"
  height="0"
>
  <defs>
    ${HATCHED.map(
      (look) =>
        html`<pattern
          id="hatch-${look}"
          width="7"
          height="7"
          patternUnits="userSpaceOnUse"
          patternTransform="rotate(${look === 'shared' ? 45 : -45})"
        >
          <rect class="hatch ${look}" width="2.5" height="7" />
        </pattern>`,
    )}
  </defs>
</svg>`;

/** A sample of a look, for a legend. */
export function renderSwatch(look: LayerLook): Html {
  const place = html`width="14" height="14"`;
  const hatch = HATCHED.includes(look) ? html`<rect ${place} fill="url(#hatch-${look})" />` : NO_HTML;
  return html`<svg class="swatch" aria-hidden="true" focusable="false" ${place}>
    <rect class="layer ${look}" ${place} />
    ${hatch}
  </svg>`;
}

/** A thin bar: which part of the whole something has. */
export function renderShare(part: number, whole: number): Html {
  const width = whole === 0 ? 0 : (part / whole) * 100;
  return html`<svg class="share" aria-hidden="true" focusable="false" width="100%" height="4">
    <rect class="layer plain" width="${percent(width)}" height="4" />
  </svg>`;
}

function percent(value: number): string {
  return `${value.toFixed(3)}%`;
}

function sumOf(layers: readonly BarLayer[]): number {
  return sum(layers.map(({ size }) => size));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
