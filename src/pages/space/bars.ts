import { html, NO_HTML, type Html } from '../text/html.ts';

/** A part of a picture: how long it is, out of what the whole picture stands for. */
export interface Part {
  readonly label: string;
  readonly bytes: number;
  /** `alone` is filled, `shared` hatched, `others` outlined. */
  readonly look: 'alone' | 'shared' | 'others';
}

/** Pictures are this many units wide. */
const WIDTH = 1000;
const HEIGHT = 24;
/** The shortest part that is drawn on its own, in units. */
const SHORTEST = 2;

/** One bar to scale, of several parts side by side. Each part tells what it is to whoever points at it. */
export function renderBar(parts: readonly Part[], whole: number, title: string): Html {
  let at = 0;
  const drawn = parts.map((part) => {
    const width = whole <= 0 ? 0 : (Math.max(0, part.bytes) / whole) * WIDTH;
    const x = at;
    at += width;
    return width < SHORTEST && part.bytes <= 0 ? NO_HTML : renderPart(part, x, Math.max(width, SHORTEST));
  });
  return html`<svg
    class="bar"
    viewBox="0 0 ${WIDTH} ${HEIGHT}"
    preserveAspectRatio="none"
    role="img"
    aria-label="${title}"
  >
    ${drawn}
  </svg>`;
}

function renderPart({ label, look }: Part, x: number, width: number): Html {
  const [left, length] = [x.toFixed(1), width.toFixed(1)];
  return html`<g class="${look}">
    <title>${label}</title>
    <rect x="${left}" y="0" width="${length}" height="${HEIGHT}" />${
      look === 'shared' ? renderHatching(x, width) : NO_HTML
    }
  </g>`;
}

/** Lines in place of a pattern, whose id would have to be one of the whole page. */
function renderHatching(x: number, width: number): Html {
  const step = 14;
  const lines = Array.from({ length: Math.floor(width / step) }, (_none, at) => {
    const from = x + at * step;
    return `M${from.toFixed(1)} ${HEIGHT}L${Math.min(from + step, x + width).toFixed(1)} 0`;
  });
  return html`<path d="${lines.join('')}" />`;
}
