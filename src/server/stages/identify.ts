import type { IncomingMessage } from 'node:http';
import type { RequestHandler, Response } from 'express';
import { createProblem } from '../../registry/problem.ts';
import type { Problem } from '../../registry/problem.ts';
import { warningHeader } from '../../tokens/lifetime.ts';
import { answerProblem } from '../answer.ts';
import type { Challenge } from '../challenge.ts';
import { contextOf } from '../context.ts';
import { findAsker } from '../find-asker.ts';
import type { Asker, AskerTokens } from '../find-asker.ts';

export interface IdentifyOptions {
  readonly tokens: AskerTokens;
  readonly challenge: Challenge;
}

const BUSY = createProblem('UNAVAILABLE', 'Too many passwords are being checked. Try again in a moment.', {
  headers: { 'Retry-After': '5' },
});

/** Who asks? Leaves the asker in the context; no credentials at all leave nobody there, wrong ones are answered here. */
export function identify({ tokens, challenge }: IdentifyOptions): RequestHandler {
  return function identify(req, res, next) {
    const header = req.headers.authorization;
    const { address } = contextOf(req);
    const asker = header === undefined ? NOBODY : findAsker(header, { tokens, address });
    if (asker instanceof Promise) asker.then((found) => settle(found, req, res, next), next);
    else settle(asker, req, res, next);
  };

  function settle(asker: Asker, req: IncomingMessage, res: Response, next: () => void): void {
    // The client may have left while its password was checked.
    if (req.socket.destroyed) return;
    if (asker.kind === 'known') {
      contextOf(req).identity = asker.identity;
      if (asker.warning !== undefined) res.setHeader('Warning', warningHeader(asker.warning));
      next();
    } else if (asker.kind === 'nobody') next();
    else {
      if (asker.kind !== 'busy') contextOf(req).failedLogin = asker.kind;
      answerProblem(req, res, refusalOf(asker.kind, req));
    }
  }

  function refusalOf(kind: 'wrong-password' | 'wrong-token' | 'busy', req: IncomingMessage): Problem {
    if (kind === 'busy') return BUSY;
    return kind === 'wrong-password'
      ? createProblem('UNAUTHORIZED', 'The user name or the password is wrong.', { headers: challenge(req) })
      : createProblem('UNAUTHORIZED', 'The token is not valid any more. Sign in again.', {
          headers: challenge(req, { error: 'invalid_token' }),
        });
  }
}

const NOBODY: Asker = { kind: 'nobody' };
