import { html, NO_HTML } from '../text/html.ts';
import type { PageError, PageProblem } from '../request/page-error.ts';
import type { PageAnswer, PageRequest } from '../request/page-request.ts';
import { FRAME_WORDS } from './words.ts';

const STATUS: Readonly<Record<PageProblem, number>> = {
  'not-found': 404,
  forbidden: 403,
  'stale-form': 403,
  'registry-failed': 502,
  'bad-input': 400,
};

/** The page that says why another one is not shown. */
export function problemPage(
  { language }: Pick<PageRequest, 'language'>,
  { problem, detail }: Pick<PageError, 'problem' | 'detail'>,
): PageAnswer {
  const words = FRAME_WORDS[language];
  const { title, text } = words.problems[problem];
  return {
    kind: 'page',
    status: STATUS[problem],
    title,
    body: html`<section class="state">
      <h1>${title}</h1>
      <p>${text}</p>
      ${detail === undefined ? NO_HTML : html`<p>${detail}</p>`}
      <p><a class="button" href="/">${words.toStart}</a></p>
    </section>`,
  };
}
