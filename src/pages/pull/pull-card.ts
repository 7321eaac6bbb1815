import { renderCopyLine } from '../text/copy-line.ts';
import { html, NO_HTML, type Html } from '../text/html.ts';
import type { Language, Words } from '../text/language.ts';
import { pullLines, type Pulled, type PullTool } from './pull-lines.ts';

const WORDS: Words<{ readonly pullWith: string; readonly verifyHint: string }> = {
  en: { pullWith: 'Pull with', verifyHint: 'With the public key of whoever signed it:' },
  ko: { pullWith: '풀 도구', verifyHint: '서명한 사람의 공개 키로 확인합니다.' },
};

/**
 * The lines that fetch something, one tool at a time. The tabs are radio buttons, and the style shows the lines of the
 * chosen one, so that they work without script.
 */
export function renderPullCard(pulled: Pulled, language: Language): Html {
  const tools = pullLines(pulled);
  const words = WORDS[language];
  return html`<fieldset class="pull-card">
    <legend class="visually-hidden">${words.pullWith}</legend>
    <div class="tools">
      ${tools.map(
        ({ tool }, at) =>
          html`<label
            ><input
              type="radio"
              name="tool"
              value="${tool}"
              ${at === 0 ? html` checked` : NO_HTML}
            />${tool}</label
          >`,
      )}
    </div>
    ${tools.map((it) => renderPanel(it, language))}
  </fieldset>`;
}

function renderPanel({ tool, lines }: PullTool, language: Language): Html {
  return html`<div class="panel" data-tool="${tool}">
    ${tool === 'cosign' ? html`<p class="quiet-text small">${WORDS[language].verifyHint}</p>` : NO_HTML}
    ${lines.map((line) => renderCopyLine(line, language))}
  </div>`;
}
