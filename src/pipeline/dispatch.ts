import { accountOf } from '../auth/principal.ts';
import { bodyLength, bodyLimit, judgeBody } from '../oci/request/body.ts';
import type { BodyHead, BodyLimits } from '../oci/request/body.ts';
import { answerProblem } from '../http/answer.ts';
import type { Forward, Stage } from './stage.ts';

export interface DispatchOptions {
  readonly forward: Forward;
  /** The largest bodies. */
  readonly body: BodyLimits;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

/**
 * Refuses a body that the request may not have, and forwards the rest. Until here no byte of the body was read and no
 * `100 Continue` was sent.
 */
export function dispatch({ forward, body, now }: DispatchOptions): Stage {
  return function dispatch(context) {
    const { req, res, request } = context;
    if (request === undefined) throw new Error('a request that made no sense was let pass');
    const refusal = judgeBody(request, bodyHead(req.headers), body);
    if (refusal !== undefined) {
      answerProblem(req, res, refusal);
      return false;
    }
    forward({
      req,
      res,
      request,
      origin: {
        address: context.address,
        host: context.host,
        requestId: context.id,
        asker: accountOf(context.principal),
      },
      uploadSeal: context.uploadSeal,
      bodyLimit: bodyLimit(request, body),
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
