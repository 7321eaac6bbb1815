import { html, type Html } from './html.ts';
import type { Language, Words } from './language.ts';

const WORDS: Words<{ readonly copy: string; readonly copied: string }> = {
  en: { copy: 'Copy', copied: 'Copied' },
  ko: { copy: '복사', copied: '복사됨' },
};

/** A line to be typed elsewhere, with a button that copies it where there is script. */
export function renderCopyLine(line: string, language: Language): Html {
  const { copy, copied } = WORDS[language];
  return html`<div class="copy-line">
    <code tabindex="0">${line}</code
    ><button type="button" data-copy="${line}" data-copied="${copied}" hidden>${copy}</button>
  </div>`;
}
