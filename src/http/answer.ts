import type { IncomingMessage, ServerResponse } from 'node:http';
import { bodyLength } from '../oci/request/body.ts';
import { renderProblem } from '../oci/problem.ts';
import type { Problem } from '../oci/problem.ts';
import { contextOf } from './context.ts';

/**
 * The one place that renders a problem: registry JSON, never HTML, nothing of the request echoed. Where the body of the
 * request is not read the connection ends with the answer, or Node would swallow whatever is still sent.
 */
export function answerProblem(req: IncomingMessage, res: ServerResponse, problem: Problem): void {
  if (res.headersSent || res.destroyed) return;
  const context = contextOf(req);
  context.problem = problem;
  const body = renderProblem(problem, context.id);
  res.writeHead(problem.status, {
    ...problem.headers,
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-store',
    'Docker-Distribution-Api-Version': 'registry/2.0',
    'X-Content-Type-Options': 'nosniff',
    ...(problem.close || !isRead(req) ? { Connection: 'close' } : {}),
  });
  if (req.method === 'HEAD') {
    res.end();
    return;
  }
  context.sent += Buffer.byteLength(body);
  res.end(body);
}

/** Whether there is no body, or all of it has come. */
function isRead(req: IncomingMessage): boolean {
  return req.complete || bodyLength(req.headers) === 0;
}
