import { decide } from '../../policy/decide.ts';
import type { Policy } from '../../policy/policy.ts';
import { neededAccess, renderScopes } from '../../registry/scope.ts';
import { withoutMount } from '../../registry/without-mount.ts';
import { createProblem } from '../../registry/problem.ts';
import { answerProblem } from '../answer.ts';
import type { Challenge } from '../challenge.ts';
import type { RequestContext } from '../context.ts';
import type { Stage } from '../stage.ts';

export interface AuthorizeOptions {
  /** The rules in force. Asked anew for every request. */
  readonly policy: () => Policy;
  readonly challenge: Challenge;
}

/**
 * May they? A stranger gets the challenge whatever was asked; then comes the answer to a request that made no sense. A
 * mount that may not be is no refusal: the client is asked for the blob itself.
 */
export function authorize({ policy, challenge }: AuthorizeOptions): Stage {
  return function authorize(context) {
    const { req, res, identity, request, problem, address } = context;
    const decision = decide(policy(), identity, request, address);
    if (!decision.allowed) {
      const refusal =
        decision.because === 'unknown'
          ? createProblem('UNAUTHORIZED', decision.sentence, { headers: challenge(req, needs(context)) })
          : createProblem('DENIED', decision.sentence);
      answerProblem(req, res, refusal);
      return false;
    }
    context.rule = decision.rule;
    if (decision.mount !== 'none') context.mount = decision.mount;
    if (decision.mount === 'stripped' && request !== undefined) context.request = withoutMount(request);
    if (problem === undefined) return true;
    answerProblem(req, res, problem);
    return false;
  };
}

/** What a token would have to hold, for the challenge. Who has shown one already is told that it was not enough. */
function needs({ request, identity }: RequestContext): NonNullable<Parameters<Challenge>[1]> {
  const scope = request === undefined ? '' : renderScopes(neededAccess(request));
  return identity.within !== undefined ? { scope, error: 'insufficient_scope' } : { scope };
}
