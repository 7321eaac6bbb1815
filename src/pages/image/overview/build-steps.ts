import { renderTable } from '../../text/table.ts';
import type { ImageConfig } from '../../../images/model/config.ts';
import type { ImageManifest } from '../../../images/model/manifest.ts';
import { readSteps } from '../../../images/view/dockerfile/read-back.ts';
import { readHistory, type HistoryStep } from '../../../images/view/history.ts';
import { formatCount, formatSize, renderAge, renderDigest } from '../../text/format.ts';
import { html, NO_HTML, type Html } from '../../text/html.ts';
import type { Language } from '../../text/language.ts';
import { LetterBudget } from '../../text/letter-budget.ts';
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
/** Of the command of one step, and of those of all steps together, as far as the budget goes. */
const MOST_COMMAND_LETTERS = 8 * 1024;
const MOST_LETTERS = 128 * 1024;
const MOST_COMMENT_LETTERS = 300;

/**
 * Cuts what a step says before anything reads it: it is searched and written out letter by letter, and whoever pushes an
 * image chooses how long it is.
 */
function cutStep(step: HistoryStep, budget: LetterBudget): HistoryStep {
  const { createdBy, comment } = step;
  return {
    ...step,
    createdBy: cutText(createdBy, budget.take(createdBy, MOST_COMMAND_LETTERS)),
    comment: cutText(comment, MOST_COMMENT_LETTERS + 1),
  };
}

/** The history of an image as a Dockerfile, the oldest step first, each with the layer that it made. */
export function renderSteps(options: StepsOptions): Html {
  const { manifest, config, language } = options;
  const words = IMAGE_WORDS[language];
  const steps = readHistory(config, manifest.layers);
  const shown = steps.slice(0, MOST_STEPS);
  const budget = new LetterBudget(MOST_LETTERS);
  const cut = shown.map((step) => cutStep(step, budget));
  const lines = readSteps(cut, config);
  const largest = manifest.layers.reduce((most, { size }) => Math.max(most, size), 0);
  let layers = 0;
  const rows = cut.map((step, at) => {
    if (step.layer !== undefined) layers += 1;
    const number = step.layer === undefined ? undefined : layers;
    return renderStep({ step, lines: lines[at] ?? [], number, largest, whole: shown[at] ?? step }, options);
  });
  const rest =
    steps.length <= MOST_STEPS
      ? NO_HTML
      : html`<p class="quiet-text">${words.moreSteps(formatCount(steps.length - MOST_STEPS, language))}</p>`;
  return html`${renderTable([words.step, { text: words.size, look: 'number' }, words.age], rows, { className: 'steps' })}
  ${rest}`;
}

interface Row {
  /** Cut to what is shown of it. */
  readonly step: HistoryStep;
  readonly whole: HistoryStep;
  readonly lines: readonly string[];
  /** Of its layer, the lowest being 1. */
  readonly number: number | undefined;
  /** The size of the largest layer. */
  readonly largest: number;
}

function renderStep({ step, whole, lines, number, largest }: Row, options: StepsOptions): Html {
  const { now, language } = options;
  const { size = 0, layer, created, comment } = step;
  const said =
    comment === '' || comment.startsWith('buildkit.') || lines.some((line) => line.includes(comment))
      ? NO_HTML
      : renderForeign(whole.comment, language, MOST_COMMENT_LETTERS);
  const age = created === '' ? NO_HTML : renderAge(Date.parse(created), now, language);
  const cells = html`<td>
      ${renderLines(lines, sizeIfCut(step, whole), language)}${renderLayerLine({ step, number }, options)}
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
/** A command may be longer as a Dockerfile has it: letters are escaped, and it begins lines of its own. */
const MOST_LINES = 500;
const MOST_SHOWN_LETTERS = 2 * MOST_COMMAND_LETTERS;

/** The bytes of the whole command. Undefined if all of it is shown. */
function sizeIfCut(step: HistoryStep, whole: HistoryStep): number | undefined {
  const { createdBy } = whole;
  return step.createdBy.length === createdBy.length ? undefined : Buffer.byteLength(createdBy);
}

function renderLines(lines: readonly string[], size: number | undefined, language: Language): Html {
  const whole = lines.join('\n');
  const text = cutText(whole, MOST_SHOWN_LETTERS);
  const shown = text.split('\n', MOST_LINES);
  if (size === undefined && shown.length <= OPEN_LINES && text.length <= 1000) return renderCode(shown);
  const words = IMAGE_WORDS[language];
  const all = size ?? (text.length < whole.length ? Buffer.byteLength(whole) : undefined);
  return html`<details class="step">
    <summary>
      ${renderCode([cutText(shown[0] ?? '', 200)])}<span class="small">${words.wholeStep}</span>
    </summary>
    ${renderCode(shown)}
    ${
      all !== undefined
        ? html`<p class="small quiet-text">${words.cutStep(formatSize(all, language))}</p>`
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
