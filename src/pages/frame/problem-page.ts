import { html, NO_HTML } from '../text/html.ts';
import type { PageError, PageProblem } from '../request/page-error.ts';
import type { PageAnswer, PageRequest } from '../request/page-request.ts';
import { FRAME_WORDS } from './words.ts';

const STATUS: Readonly<Record<PageProblem, number>> = {
  'not-found': 404,
  forbidden: 403,
  'stale-form': 403,
  'foreign-form': 403,
  'registry-failed': 502,
  'bad-input': 400,
  busy: 503,
  'too-large': 422,
};

/** The page that says why another one is not shown. */
export function problemPage(
  { language }: Pick<PageRequest, 'language'>,
  { problem, detail }: Pick<PageError, 'problem' | 'detail'>,
): Extract<PageAnswer, { kind: 'page' }> {
  const words = FRAME_WORDS[language];
  const { title, text } = words.problems[problem];
  return {
    kind: 'page',
    status: STATUS[problem],
    ...(problem === 'busy' ? { headers: { 'Retry-After': '5' } } : {}),
    title,
    ...noteOf(problem),
    body: html`<section class="state">
      <h1>${title}</h1>
      <p>${text}</p>
      ${detail === undefined ? NO_HTML : html`<p>${detail}</p>`}
      <p><a class="button" href="/">${words.toStart}</a></p>
    </section>`,
  };
}

/** What a page refuses stands in the logs as what the registry API refuses does. */
function noteOf(problem: PageProblem): Pick<PageAnswer, 'note'> {
  const isDenial = problem === 'forbidden' || problem === 'stale-form' || problem === 'foreign-form';
  return isDenial
    ? { note: { problem: { code: 'DENIED', message: FRAME_WORDS.en.problems[problem].title } } }
    : {};
}
