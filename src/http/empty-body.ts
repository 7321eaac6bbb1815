import type { IncomingMessage } from 'node:http';
import { createProblem } from '../oci/problem.ts';
import type { Problem } from '../oci/problem.ts';

const TOO_LATE = createProblem('UNSUPPORTED', 'The end of the request did not come.', {
  status: 408,
  close: true,
});

/** Whether the request has a body, be it an empty one, whose end has to be seen before anything else is done. */
export function hasEmptyBody({ method, headers }: IncomingMessage): boolean {
  return (
    headers['transfer-encoding'] !== undefined &&
    (method === 'GET' || method === 'HEAD' || method === 'DELETE')
  );
}

export interface EmptyBodyOptions {
  /** How long the end may take, in milliseconds. */
  readonly limitMs: number;
  readonly onEnd: () => void;
  readonly onProblem: (problem: Problem) => void;
}

/**
 * Sees a chunked body of no bytes to its end. Some proxies write requests without a body in that way (RFC 9112 section
 * 7.1). Nothing is done before: what came after a byte that does not belong there could be the inside of this request,
 * or the next one. The request has no body from then on, and what frames it is not passed on.
 */
export function takeEmptyBody(req: IncomingMessage, { limitMs, onEnd, onProblem }: EmptyBodyOptions): void {
  let isOver = false;
  const settle = (then: () => void): void => {
    if (isOver) return;
    isOver = true;
    clearTimeout(timer);
    then();
  };
  const refuse = (problem: Problem): void => settle(() => onProblem(problem));
  const timer = setTimeout(() => refuse(TOO_LATE), limitMs);
  req.once('data', () => refuse(notEmpty(req)));
  req.once('end', () =>
    settle(() => {
      delete req.headers['transfer-encoding'];
      onEnd();
    }),
  );
  req.once('close', () => settle(() => undefined));
}

function notEmpty({ method }: IncomingMessage): Problem {
  return createProblem('UNSUPPORTED', `A ${method} request carries no body here.`, {
    status: 400,
    close: true,
  });
}
