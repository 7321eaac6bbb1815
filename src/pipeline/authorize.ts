import { decide } from '../auth/policy/decide.ts';
import type { Policy } from '../auth/policy/policy.ts';
import { neededAccess, renderScopes } from '../oci/request/scope.ts';
import { withoutMount } from '../oci/request/without-mount.ts';
import { createProblem } from '../oci/problem.ts';
import { warningHeader } from '../auth/tokens/store/lifetime.ts';
import { answerProblem } from '../http/answer.ts';
import type { Challenge } from './auth/challenge.ts';
import type { RequestContext } from '../http/context.ts';
import type { Stage } from './stage.ts';

export interface AuthorizeOptions {
  /** The rules in force. Asked anew for every request. */
  readonly policy: () => Policy;
  readonly challenge: Challenge;
  /** What those who may push should hear of, as the text of a `Warning` header. */
  readonly warning: () => string | undefined;
}

/**
 * May they? A stranger gets the challenge whatever was asked; then comes the answer to a request that made no sense. A
 * mount that may not be is no refusal: the client is asked for the blob itself.
 */
export function authorize({ policy, challenge, warning }: AuthorizeOptions): Stage {
  return function authorize(context) {
    const { req, res, principal, request, problem, address } = context;
    const decision = decide(policy(), principal, request, address);
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
    if (problem === undefined) {
      if (endsPush(context)) warn(res, warning());
      return true;
    }
    answerProblem(req, res, problem);
    return false;
  };
}

/** One request of each push, whose answer clients look at: the manifest comes last. */
function endsPush({ request, principal }: RequestContext): boolean {
  return request?.method === 'PUT' && request.route.kind === 'manifest' && principal.kind !== 'anonymous';
}

function warn(res: RequestContext['res'], text: string | undefined): void {
  if (text !== undefined) res.appendHeader('Warning', warningHeader(text));
}

/** What a token would have to hold, for the challenge. Who has shown one already is told that it was not enough. */
function needs({ request, principal }: RequestContext): NonNullable<Parameters<Challenge>[1]> {
  const scope = request === undefined ? '' : renderScopes(neededAccess(request));
  return principal.within !== undefined ? { scope, error: 'insufficient_scope' } : { scope };
}
