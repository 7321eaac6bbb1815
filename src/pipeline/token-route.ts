import type { IncomingMessage } from 'node:http';
import type { RequestHandler, Response } from 'express';
import { isForeignPage } from '../http/admission.ts';
import { createProblem, type ProblemCode } from '../oci/problem.ts';
import { respond } from '../oci/respond.ts';
import type { Tokens } from '../auth/tokens/open-tokens.ts';
import type { TokenAnswer } from '../auth/tokens/token-answer.ts';
import { FORM_MAX_BYTES, readTokenForm, readTokenQuery } from '../auth/tokens/token-form.ts';
import type { FormOutcome } from '../auth/tokens/token-form.ts';
import type { TokenClient } from '../auth/tokens/token-service.ts';
import { parseBasicCredentials } from '../auth/basic-credentials.ts';
import { answerProblem } from '../http/answer.ts';
import { receiveForm } from '../http/receive-form.ts';
import { contextOf } from '../http/context.ts';

export interface TokenRouteOptions {
  readonly tokens: Pick<Tokens, 'answer'>;
  /** How long a form may take to arrive, in milliseconds. */
  readonly formMs: number;
}

const LONGEST_AGENT = 256;

/** The token service, `/token`. Matches the target without its query, byte for byte. */
export function tokenRoute({ tokens, formMs }: TokenRouteOptions): RequestHandler {
  return function tokenRoute(req, res, next) {
    const { target, method } = contextOf(req);
    const mark = target.indexOf('?');
    if ((mark < 0 ? target : target.slice(0, mark)) !== '/token') {
      next();
      return;
    }
    if (method !== 'GET' && method !== 'POST') {
      const headers = { Allow: 'GET, POST' };
      answerProblem(
        req,
        res,
        createProblem('UNSUPPORTED', 'Tokens are given out by GET and POST.', { headers }),
      );
      return;
    }
    if (isForeignPage(req.headers['sec-fetch-site'])) {
      answerProblem(req, res, createProblem('DENIED', 'Pages of other sites get no tokens here.'));
      return;
    }
    const query = mark < 0 ? '' : target.slice(mark + 1);
    const asked =
      method === 'GET' ? Promise.resolve(readTokenQuery(query)) : receiveTokenForm(req, res, formMs);
    asked
      .then(async (form) => {
        if (form === undefined) return;
        const answer = await tokens.answer(form, clientOf(req));
        if (!req.socket.destroyed) send(req, res, answer);
      })
      .catch(next);
  };
}

function clientOf(req: IncomingMessage): TokenClient {
  const { authorization } = req.headers;
  return {
    address: contextOf(req).address,
    agent: req.headers['user-agent']?.slice(0, LONGEST_AGENT) ?? '',
    authorization: authorization === undefined ? { kind: 'anonymous' } : parseBasicCredentials(authorization),
  };
}

/** The form of a POST; undefined where it was answered already, or its client has gone. */
async function receiveTokenForm(
  req: IncomingMessage,
  res: Response,
  ms: number,
): Promise<FormOutcome | undefined> {
  const tooLarge = `A token request has ${FORM_MAX_BYTES} bytes at most.`;
  const body = await receiveForm(req, res, { maxBytes: FORM_MAX_BYTES, ms, tooLarge });
  return body && readTokenForm(req.headers['content-type'], body);
}

const CODES: Readonly<Record<number, ProblemCode>> = {
  401: 'UNAUTHORIZED',
  429: 'TOOMANYREQUESTS',
  503: 'UNAVAILABLE',
};

function send(req: IncomingMessage, res: Response, answer: TokenAnswer): void {
  const { status, headers, body, principal } = answer;
  const context = contextOf(req);
  context.failedLogin = answer.failedLogin;
  if (principal !== undefined) {
    context.principal = principal;
    const isNewDevice = principal.proof !== 'identity-token' && 'refresh_token' in body;
    context.issued = isNewDevice ? 'identity-token' : 'access-token';
  }
  if (status !== 200)
    context.problem = createProblem(CODES[status] ?? 'UNSUPPORTED', String(body['error_description']));
  const type = 'application/json; charset=utf-8';
  context.sent += respond(res, { status, headers, type, body: `${JSON.stringify(body)}\n` });
}
