import { renderCopyLine } from '../text/copy-line.ts';
import { formatSize, renderAge } from '../text/format.ts';
import { html, type Html } from '../text/html.ts';
import type { Language } from '../text/language.ts';
import { SPACE_WORDS } from './words.ts';

/** What a garbage collection would free. */
export type GarbageState =
  /** The registry does not tell. */
  | { readonly state: 'unknown' }
  | { readonly state: 'counting' | 'failed' }
  | {
      readonly state: 'known';
      /** Bytes that no manifest needs, and those that no tag reaches, which include them. */
      readonly bytes: number;
      readonly withUntagged: number;
      /** Milliseconds since 1970. */
      readonly at: number;
    };

export function renderGarbage(garbage: GarbageState, now: number, language: Language): Html {
  const words = SPACE_WORDS[language];
  return html`<section class="card garbage">
    <h2>${words.gc}</h2>
    ${renderState(garbage, now, language)}
  </section>`;
}

function renderState(garbage: GarbageState, now: number, language: Language): Html {
  const words = SPACE_WORDS[language];
  switch (garbage.state) {
    case 'unknown':
      return html`<p class="quiet-text">${words.gcStock}</p>`;
    case 'counting':
      return html`<p class="quiet-text">${words.gcCounting}</p>`;
    case 'failed':
      return html`<p class="quiet-text">${words.gcFailed}</p>`;
    case 'known':
      return html`<dl class="facts">
          <dt>${words.gcTagged}</dt>
          <dd>${formatSize(garbage.bytes, language)}</dd>
          <dt>${words.gcUntagged}</dt>
          <dd>
            ${formatSize(garbage.withUntagged, language)}
            <span class="quiet-text small">${words.gcAge} ${renderAge(garbage.at, now, language)}</span>
          </dd>
        </dl>
        <p class="quiet-text small">${words.gcGrace}</p>
        ${renderCopyLine(
          garbage.withUntagged > garbage.bytes ? 'registry-gate gc --untagged' : 'registry-gate gc',
          language,
        )}`;
  }
}
