import { nameAsker } from '../auth/principal.ts';
import type { Job } from '../backend/reply/job.ts';
import { bodyLength, bodyLimit, judgeBody } from '../oci/request/body.ts';
import type { BodyHead, BodyLimits } from '../oci/request/body.ts';
import { answerProblem } from '../http/answer.ts';
import type { Stage } from './stage.ts';

export interface ForwardStageOptions {
  /** Takes over the job: it will be answered or cut. */
  readonly forward: (job: Job) => void;
  readonly limits: BodyLimits;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

/** To the backend, if the body may come along. Until here not a byte of it was read and no `100 Continue` was sent. */
export function forward({ forward: pass, limits, now }: ForwardStageOptions): Stage {
  return function forward(context) {
    const { req, res, request } = context;
    if (request === undefined) throw new Error('a request that made no sense was let pass');
    const refusal = judgeBody(request, bodyHead(req.headers), limits);
    if (refusal !== undefined) {
      answerProblem(req, res, refusal);
      return false;
    }
    pass({
      req,
      res,
      request,
      origin: {
        address: context.address,
        host: context.host,
        requestId: context.id,
        asker: context.identity.kind === 'anonymous' ? '' : nameAsker(context.identity),
      },
      uploadSeal: context.uploadSeal,
      bodyLimit: bodyLimit(request, limits),
      answer: (problem) => answerProblem(req, res, problem),
      noteCache: (outcome) => {
        context.cache = outcome;
      },
      cut: (problem) => {
        context.problem = problem;
        res.destroy();
      },
      count: (direction, bytes) => {
        context[direction] += bytes;
        if (direction === 'received') context.receivedAt = now();
      },
    });
    return false;
  };
}

function bodyHead(headers: Readonly<Record<string, string | string[] | undefined>>): BodyHead {
  const type = headers['content-type'];
  return {
    length: bodyLength(headers),
    contentType: typeof type === 'string' ? type : undefined,
  };
}
