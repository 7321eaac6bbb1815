import { systemCode } from '../../lib/errors.ts';
import type { IdleWatch } from '../../lib/streams/idle-watch.ts';
import { createProblem, type Problem } from '../../oci/problem.ts';
import type { Backend } from '../client/backend.ts';
import { AnswerError, IdleError } from '../client/conversation.ts';
import { explainFailure, type ReportFailure } from '../client/failure.ts';
import { idleProblem, type Job } from '../reply/job.ts';
import { STRANGE } from './heads.ts';

/** Carries a job to the registry. The registry or a problem will answer the job, or its connection is cut. */
export type Transport = (job: Job) => void;

/** What all requests to one registry share, however they are carried. */
export interface ProxyDependencies extends Pick<Backend, 'pool' | 'authority' | 'prefix'> {
  readonly watch: IdleWatch;
  readonly report: ReportFailure;
}

export const BROKEN_OFF = createProblem(
  'UNAVAILABLE',
  'The registry behind this gate broke off its answer.',
  { status: 502 },
);

export const PROTOCOL_CHANGE = createProblem(
  'UNAVAILABLE',
  'The registry behind this gate wanted to change protocols.',
  { status: 502, close: true },
);

/** What the client is told if its request failed with an AnswerError, an IdleError or the system error of a connection. */
export function failureProblem(error: Error, { res, request, origin }: Job, report: ReportFailure): Problem {
  if (error instanceof IdleError) return idleProblem(error.wait, request);
  if (res.headersSent) return BROKEN_OFF;
  const isInvalid = error instanceof AnswerError;
  if (isInvalid && error.fault.kind === 'upgrade') return PROTOCOL_CHANGE;
  report(origin.requestId, error);
  return isInvalid ? STRANGE : unreachable(error);
}

/** 504 if the registry did not answer in time, 502 otherwise. */
export function unreachable(error: unknown): Problem {
  const status = systemCode(error) === 'ETIMEDOUT' ? 504 : 502;
  const { reason } = explainFailure(error);
  return createProblem('UNAVAILABLE', `The registry behind this gate cannot be reached: ${reason}.`, {
    status,
    close: true,
  });
}
