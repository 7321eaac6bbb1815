import type { ImageConfig } from '../../../images/model/config.ts';
import type { ImageManifest } from '../../../images/model/manifest.ts';
import { readSteps } from '../../../images/view/dockerfile/read-back.ts';
import { readHistory, type HistoryStep } from '../../../images/view/history.ts';
import { formatCount, formatSize, renderAge, renderDigest } from '../../text/format.ts';
import { html, NO_HTML, type Html } from '../../text/html.ts';
import type { Language } from '../../text/language.ts';
import { cutText, renderForeign, visibleText } from '../../text/visible-text.ts';
import { layerRow } from '../parts/image-page.ts';
import { renderShare } from '../parts/layer-bar.ts';
import { IMAGE_WORDS } from './words.ts';

interface StepsOptions {
  readonly manifest: ImageManifest;
  readonly config: ImageConfig;
  /** How many tags of the repository need each layer. Undefined while that is not known. */
  readonly shares: ReadonlyMap<string, number> | undefined;
  readonly now: number;
  readonly language: Language;
}

/** Steps beyond are counted, not shown. */
const MOST_STEPS = 500;

/** The history of an image as a Dockerfile, the oldest step first, each with the layer that it made. */
export function renderSteps(options: StepsOptions): Html {
  const { manifest, config, language } = options;
  const words = IMAGE_WORDS[language];
  const steps = readHistory(config, manifest.layers);
  const shown = steps.slice(0, MOST_STEPS);
  const lines = readSteps(shown, config);
  const largest = Math.max(0, ...manifest.layers.map(({ size }) => size));
  let layers = 0;
  const rows = shown.map((step, at) => {
    if (step.layer !== undefined) layers += 1;
    const number = step.layer === undefined ? undefined : layers;
    return renderStep({ step, lines: lines[at] ?? [], number, largest }, options);
  });
  const rest =
    steps.length <= MOST_STEPS
      ? NO_HTML
      : html`<p class="quiet-text">${words.moreSteps(formatCount(steps.length - MOST_STEPS, language))}</p>`;
  return html`<div class="table-box">
      <table class="steps">
        <thead>
          <tr>
            <th scope="col">${words.step}</th>
            <th scope="col" class="number">${words.size}</th>
            <th scope="col">${words.age}</th>
          </tr>
        </thead>
        <tbody>
          ${rows}
        </tbody>
      </table>
    </div>
    ${rest}`;
}

interface Row {
  readonly step: HistoryStep;
  readonly lines: readonly string[];
  /** Of its layer, the lowest being 1. */
  readonly number: number | undefined;
  /** The size of the largest layer. */
  readonly largest: number;
}

function renderStep({ step, lines, number, largest }: Row, options: StepsOptions): Html {
  const { now, language } = options;
  const { size = 0, layer, created, comment } = step;
  const said =
    comment === '' || comment.startsWith('buildkit.') || lines.some((line) => line.includes(comment))
      ? NO_HTML
      : renderForeign(comment, language, 300);
  const age = created === '' ? NO_HTML : renderAge(Date.parse(created), now, language);
  const cells = html`<td>
      ${renderLines(lines, language)}${renderLayerLine({ step, number }, options)}
      ${said === NO_HTML ? NO_HTML : html`<p class="small quiet-text">${said}</p>`}
    </td>
    <td class="number">
      ${
        layer === undefined
          ? html`<span class="quiet-text">–</span>`
          : html`${formatSize(size, language)}${renderShare(size, largest)}`
      }
    </td>
    <td>${age}</td>`;
  return number === undefined
    ? html`<tr class="empty">
        ${cells}
      </tr>`
    : html`<tr id="${layerRow(number)}">
        ${cells}
      </tr>`;
}

function renderLayerLine(
  { step, number }: Pick<Row, 'step' | 'number'>,
  { shares, language }: StepsOptions,
): Html {
  const { layer } = step;
  if (layer === undefined || number === undefined) return NO_HTML;
  const words = IMAGE_WORDS[language];
  // The tag whose page this is needs the layer too.
  const others = Math.max(0, (shares?.get(layer.digest.text) ?? 1) - 1);
  const share = shares === undefined ? NO_HTML : html` · ${words.inOthers(others)}`;
  return html`<p class="small quiet-text">
    ${words.layer(number)} · ${renderDigest(layer.digest.text)}${share}
  </p>`;
}

/** A step of more lines is folded. */
const OPEN_LINES = 8;
const MOST_LETTERS = 8000;

function renderLines(lines: readonly string[], language: Language): Html {
  const whole = lines.join('\n');
  const text = cutText(whole, MOST_LETTERS);
  const shown = text.split('\n');
  if (shown.length <= OPEN_LINES && text.length <= 1000) return renderCode(shown);
  const words = IMAGE_WORDS[language];
  const isCut = text.length < whole.length;
  return html`<details class="step">
    <summary>
      ${renderCode([cutText(shown[0] ?? '', 200)])}<span class="small">${words.wholeStep}</span>
    </summary>
    ${renderCode(shown)}
    ${
      isCut
        ? html`<p class="small quiet-text">
            ${words.cutStep(formatSize(Buffer.byteLength(whole), language))}
          </p>`
        : NO_HTML
    }
  </details>`;
}

/** The word at the beginning of each instruction stands out, comments stand back. */
function renderCode(lines: readonly string[]): Html {
  const first = lines.findIndex((line) => !line.startsWith('#'));
  const shown = lines.map((line, at) => {
    const [, word = ''] = /^([A-Z]+) /.exec(line) ?? [];
    const end = at === lines.length - 1 ? '' : '\n';
    if (line.startsWith('#')) return html`<span class="comment">${visibleText(line)}</span>${end}`;
    return at === first && word !== ''
      ? html`<b>${word}</b>${visibleText(line.slice(word.length))}${end}`
      : html`${visibleText(line)}${end}`;
  });
  return html`<pre class="dockerfile">${shown}</pre>`;
}
