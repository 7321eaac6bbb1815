import { AppError } from '../../../lib/errors.ts';
import type { Answer } from '../wire/answer.ts';
import { readProblem } from '../wire/problem.ts';

const OTHER_ACCOUNT =
  'Sign in with an account that may do it: docker login REGISTRY, or --user NAME --password-stdin';

const HINTS: Readonly<Record<number, string>> = {
  // With a token that was issued, but without this right.
  401: OTHER_ACCOUNT,
  403: OTHER_ACCOUNT,
  404: 'List what is there: registry-gate images list REGISTRY',
  405: 'The registry does not do this. Its settings may allow it.',
  413: 'Raise the size limit of the registry, or of the proxy in front of it.',
  429: 'The registry asks for fewer requests. Wait, or sign in: limits are often higher then.',
};

/** Makes the error of an answer that refuses. `what` continues "would not": `list the tags of team/app`. */
export async function refused(answer: Answer, what: string): Promise<AppError> {
  const { text } = await readProblem(answer);
  return new AppError('REGISTRY_REFUSED', {
    message: `${answer.url.host} would not ${what} (${text}).`,
    hint:
      HINTS[answer.status] ??
      (answer.status >= 500
        ? 'The fault is on its side: see its log, and try again.'
        : 'See the log of the registry for the reason.'),
  });
}
