import type { IncomingMessage, ServerResponse } from 'node:http';
import { bodyLength } from '../oci/request/body.ts';
import { problemAnswer } from '../oci/problem.ts';
import type { Problem } from '../oci/problem.ts';
import { respond } from '../oci/respond.ts';
import { contextOf } from './context.ts';

/**
 * The one place that renders a problem: registry JSON, never HTML, nothing of the request echoed. Where the body of the
 * request is not read the connection ends with the answer, or Node would swallow whatever is still sent.
 */
export function answerProblem(req: IncomingMessage, res: ServerResponse, problem: Problem): void {
  if (res.headersSent || res.destroyed) return;
  const context = contextOf(req);
  context.problem = problem;
  context.sent += respond(res, {
    ...problemAnswer(problem, context.id),
    headers: problem.headers,
    close: problem.close || !isRead(req),
  });
}

/** Whether there is no body, or all of it has come. */
function isRead(req: IncomingMessage): boolean {
  return req.complete || bodyLength(req.headers) === 0;
}
