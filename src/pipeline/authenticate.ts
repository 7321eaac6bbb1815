import type { IncomingMessage } from 'node:http';
import { createProblem } from '../oci/problem.ts';
import type { Problem } from '../oci/problem.ts';
import type { Throttled } from '../auth/abuse/guard.ts';
import { warningHeader } from '../auth/tokens/store/lifetime.ts';
import { answerProblem } from '../http/answer.ts';
import type { Challenge } from './auth/challenge.ts';
import type { RequestContext } from '../http/context.ts';
import { authenticateHeader } from './auth/authenticate-header.ts';
import type { Authentication, TokenVerifier } from './auth/authenticate-header.ts';
import type { Stage } from './stage.ts';

export interface AuthenticateOptions {
  readonly tokens: TokenVerifier;
  readonly challenge: Challenge;
}

const BUSY = createProblem('UNAVAILABLE', 'Too many passwords are being checked. Try again in a moment.', {
  headers: { 'Retry-After': '5' },
});

/** Puts the principal into the context. Without credentials it stays anonymous; wrong ones are answered here. */
export function authenticate({ tokens, challenge }: AuthenticateOptions): Stage {
  return function authenticate(context) {
    const header = context.req.headers.authorization;
    if (header === undefined) return true;
    const { req, address } = context;
    const found = authenticateHeader(header, { tokens, address, connection: req.socket });
    return found instanceof Promise ? found.then((it) => settle(it, context)) : settle(found, context);
  };

  function settle(found: Authentication, context: RequestContext): boolean {
    const { req, res } = context;
    // The client may have left while its password was checked.
    if (req.socket.destroyed) return false;
    if (found.kind === 'anonymous') return true;
    if (found.kind === 'known') {
      context.principal = found.principal;
      if (found.warning !== undefined) res.setHeader('Warning', warningHeader(found.warning));
      return true;
    }
    if (found.kind === 'wrong-password' || found.kind === 'wrong-token') context.failedLogin = found.kind;
    answerProblem(req, res, found.kind === 'throttled' ? throttledBy(found) : refusalOf(found.kind, req));
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
