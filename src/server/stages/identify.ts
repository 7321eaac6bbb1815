import type { IncomingMessage } from 'node:http';
import type { RequestHandler, Response } from 'express';
import { basicChallenge } from '../../registry/challenge.ts';
import { createProblem } from '../../registry/problem.ts';
import type { Authenticator, Verdict } from '../../users/authenticator.ts';
import { parseBasicCredentials } from '../../users/basic-credentials.ts';
import { answerProblem } from '../answer.ts';
import { contextOf } from '../context.ts';

export interface IdentifyOptions {
  readonly authenticator: Authenticator;
  readonly realm: string;
}

/** Who asks? Leaves the verified user in the context; no credentials at all leave it empty, wrong ones are answered here. */
export function identify({ authenticator, realm }: IdentifyOptions): RequestHandler {
  const challenge = { 'WWW-Authenticate': basicChallenge(realm) };
  const wrong = createProblem('UNAUTHORIZED', 'The user name or the password is wrong.', {
    headers: challenge,
  });
  const busy = createProblem('UNAVAILABLE', 'Too many passwords are being checked. Try again in a moment.', {
    headers: { 'Retry-After': '5' },
  });

  return function identify(req, res, next) {
    const header = req.headers.authorization;
    const parsed = header === undefined ? ANONYMOUS : parseBasicCredentials(header);
    if (parsed.kind === 'anonymous') {
      next();
      return;
    }
    if (parsed.kind === 'malformed') {
      answerProblem(req, res, wrong);
      return;
    }
    const remembered = authenticator.remembered(parsed.credentials);
    if (remembered !== undefined) {
      contextOf(req).identity = { kind: 'user', user: remembered };
      next();
      return;
    }
    authenticator.authenticate(parsed.credentials).then((verdict) => settle(req, res, verdict, next), next);
  };

  function settle(req: IncomingMessage, res: Response, verdict: Verdict, next: () => void): void {
    // The client may have left while its password was checked.
    if (req.socket.destroyed) return;
    if (verdict.kind !== 'verified') {
      answerProblem(req, res, verdict.kind === 'busy' ? busy : wrong);
      return;
    }
    contextOf(req).identity = { kind: 'user', user: verdict.user };
    next();
  }
}

const ANONYMOUS = { kind: 'anonymous' } as const;
