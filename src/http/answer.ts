import type { IncomingMessage, ServerResponse } from 'node:http';
import { bodyLength } from '../oci/request/body.ts';
import { problemAnswer, type Problem } from '../oci/problem.ts';
import { respond } from '../oci/respond.ts';
import { contextOf } from './context.ts';

/**
 * Answers with a problem: always registry JSON, never HTML, and nothing of the request is echoed. If the body of the
 * request is not read, the connection ends with the answer; otherwise Node would read and drop the rest of the body.
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

/** Reports whether there is no body, or all of it has arrived. */
export function isRead(req: IncomingMessage): boolean {
  return req.complete || bodyLength(req.headers) === 0;
}
