import type { IncomingMessage } from 'node:http';
import { createProblem } from '../oci/problem.ts';
import type { Problem } from '../oci/problem.ts';
import type { Throttled } from '../auth/tokens/guard.ts';
import { warningHeader } from '../auth/tokens/store/lifetime.ts';
import { answerProblem } from '../http/answer.ts';
import type { Challenge } from './auth/challenge.ts';
import type { RequestContext } from '../http/context.ts';
import { findAsker } from './auth/authenticate-header.ts';
import type { Asker, AskerTokens } from './auth/authenticate-header.ts';
import type { Stage } from './stage.ts';

export interface AuthenticateOptions {
  readonly tokens: AskerTokens;
  readonly challenge: Challenge;
}

const BUSY = createProblem('UNAVAILABLE', 'Too many passwords are being checked. Try again in a moment.', {
  headers: { 'Retry-After': '5' },
});

/** Who asks? Leaves the asker in the context; no credentials at all leave nobody there, wrong ones are answered here. */
export function authenticate({ tokens, challenge }: AuthenticateOptions): Stage {
  return function authenticate(context) {
    const header = context.req.headers.authorization;
    if (header === undefined) return true;
    const { req, address } = context;
    const asker = findAsker(header, { tokens, address, connection: req.socket });
    return asker instanceof Promise ? asker.then((found) => settle(found, context)) : settle(asker, context);
  };

  function settle(asker: Asker, context: RequestContext): boolean {
    const { req, res } = context;
    // The client may have left while its password was checked.
    if (req.socket.destroyed) return false;
    if (asker.kind === 'nobody') return true;
    if (asker.kind === 'known') {
      context.identity = asker.identity;
      if (asker.warning !== undefined) res.setHeader('Warning', warningHeader(asker.warning));
      return true;
    }
    if (asker.kind === 'wrong-password' || asker.kind === 'wrong-token') context.failedLogin = asker.kind;
    answerProblem(req, res, asker.kind === 'throttled' ? throttledBy(asker) : refusalOf(asker.kind, req));
    return false;
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

function throttledBy({ seconds, message }: Throttled): Problem {
  return createProblem('TOOMANYREQUESTS', message, { headers: { 'Retry-After': `${seconds}` } });
}
