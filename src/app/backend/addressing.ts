import { systemCode } from '../../lib/errors.ts';
import type { Logger } from '../../lib/logger.ts';
import { OWN_LOGIN } from '../../backend/proxy/heads.ts';
import type { Backend } from '../../backend/client/backend.ts';
import type { Job } from '../../backend/reply/job.ts';
import { createProblem } from '../../oci/problem.ts';
import { backendAccess } from '../../oci/request/scope.ts';
import type { ForwardStep } from '../../pipeline/stage.ts';
import type { BackendCredentials } from './backend-credentials.ts';

const NO_LOGIN = createProblem('UNAVAILABLE', 'The registry behind this gate gave it no token.', {
  status: 502,
  close: true,
});

/** Adds the credentials that the registry asks of the gate, once they are there. */
export function signRequests(credentials: BackendCredentials, { url }: Backend, logger: Logger): ForwardStep {
  return (next) => {
    const send = (job: Job, authorization: string): void => {
      const answer: Job['answer'] = (problem) => {
        if (problem === OWN_LOGIN) credentials.forget();
        job.answer(problem);
      };
      next({ ...job, answer, origin: { ...job.origin, authorization } });
    };
    return (job) => {
      const authorization = credentials.authorization(job.origin.account ?? '', backendAccess(job.request));
      if (typeof authorization === 'string') {
        send(job, authorization);
        return;
      }
      authorization.then(
        (value) => {
          // The client may have left while the token was fetched.
          if (!job.res.destroyed) send(job, value);
        },
        (error: unknown) => {
          const reason = error instanceof Error ? (systemCode(error) ?? error.message) : 'unknown';
          logger.warn({ id: job.origin.requestId, backend: url, reason }, 'no token for the registry');
          job.answer(NO_LOGIN);
        },
      );
    };
  };
}

/** Adds the path prefix of the registry and the Host that it is asked with. Undefined where it has neither. */
export function addressRequests({ prefix, options: { hostHeader } }: Backend): ForwardStep | undefined {
  if (prefix === '' && hostHeader === undefined) return undefined;
  return (next) => (job) =>
    next({
      ...job,
      request: { ...job.request, target: `${prefix}${job.request.target}` },
      origin: { ...job.origin, backendHost: hostHeader },
    });
}
