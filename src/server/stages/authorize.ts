import type { RequestHandler } from 'express';
import { decide } from '../../policy/decide.ts';
import type { Policy } from '../../policy/policy.ts';
import { basicChallenge } from '../../registry/challenge.ts';
import { withoutMount } from '../../registry/without-mount.ts';
import { createProblem } from '../../registry/problem.ts';
import { answerProblem } from '../answer.ts';
import { contextOf } from '../context.ts';

export interface AuthorizeOptions {
  /** The rules in force. Asked anew for every request. */
  readonly policy: () => Policy;
  readonly realm: string;
}

/**
 * May they? A stranger gets the challenge whatever was asked; then comes the answer to a request that made no sense. A
 * mount that may not be is no refusal: the client is asked for the blob itself.
 */
export function authorize({ policy, realm }: AuthorizeOptions): RequestHandler {
  const challenge = { 'WWW-Authenticate': basicChallenge(realm) };

  return function authorize(req, res, next) {
    const context = contextOf(req);
    const { identity, request, problem, address } = context;
    const decision = decide(policy(), identity, request, address);
    if (!decision.allowed) {
      const refusal =
        decision.because === 'unknown'
          ? createProblem('UNAUTHORIZED', decision.sentence, { headers: challenge })
          : createProblem('DENIED', decision.sentence);
      answerProblem(req, res, refusal);
      return;
    }
    context.rule = decision.rule;
    if (decision.mount === 'stripped' && request !== undefined) context.request = withoutMount(request);
    if (problem !== undefined) answerProblem(req, res, problem);
    else next();
  };
}
