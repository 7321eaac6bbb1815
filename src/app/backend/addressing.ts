import { systemCode } from '../../lib/errors.ts';
import type { Logger } from '../../lib/logger.ts';
import { OWN_LOGIN } from '../../backend/proxy/backend-answer.ts';
import type { Backend } from '../../backend/client/backend.ts';
import type { Job } from '../../backend/reply/job.ts';
import { createProblem } from '../../oci/problem.ts';
import { backendAccess } from '../../oci/request/scope.ts';
import type { BackendCredentials } from './backend-credentials.ts';

export interface AddressingOptions {
  readonly backend: Backend;
  readonly credentials: BackendCredentials | undefined;
  readonly forward: (job: Job) => void;
  readonly logger: Logger;
}

const NO_LOGIN = createProblem('UNAVAILABLE', 'The registry behind this gate gave it no token.', {
  status: 502,
  close: true,
});

/**
 * Gives each request what this registry wants of it: its path below a prefix, its own Host, a sign-in. A registry that
 * wants none of it gets requests as they are.
 */
export function addressing({ backend, credentials, forward, logger }: AddressingOptions): (job: Job) => void {
  const place = placing(backend);
  if (credentials === undefined) return (job) => forward(place(job));

  const send = (job: Job, authorization: string): void => {
    const answer: Job['answer'] = (problem) => {
      if (problem === OWN_LOGIN) credentials.forget();
      job.answer(problem);
    };
    const placed = place(job);
    forward({ ...placed, answer, origin: { ...placed.origin, authorization } });
  };
  return (job) => {
    const authorization = credentials.authorization(job.origin.asker ?? '', backendAccess(job.request));
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
        logger.warn({ id: job.origin.requestId, backend: backend.url, reason }, 'no token for the registry');
        job.answer(NO_LOGIN);
      },
    );
  };
}

function placing({ prefix, options: { hostHeader } }: Backend): (job: Job) => Job {
  if (prefix === '' && hostHeader === undefined) return (job) => job;
  return (job) => ({
    ...job,
    request: { ...job.request, target: `${prefix}${job.request.target}` },
    origin: { ...job.origin, backendHost: hostHeader },
  });
}
