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
  /** The rules in force, read for each request. */
  readonly policy: () => Policy;
  readonly challenge: Challenge;
  /** The text of a `Warning` header for clients that push; undefined where there is none. */
  readonly warning: () => string | undefined;
}

/**
 * Applies the policy. An anonymous client without the right gets the challenge, whatever it asked; only then is a problem
 * with the request answered. A mount that is not allowed is no refusal: the client is asked to upload the blob.
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

/** The last request of a push, whose answer clients show: the manifest. */
function endsPush({ request, principal }: RequestContext): boolean {
  return request?.method === 'PUT' && request.route.kind === 'manifest' && principal.kind !== 'anonymous';
}

function warn(res: RequestContext['res'], text: string | undefined): void {
  if (text !== undefined) res.appendHeader('Warning', warningHeader(text));
}

/** The scope of the challenge, and its error where the token of the request was not enough. */
function needs({ request, principal }: RequestContext): NonNullable<Parameters<Challenge>[1]> {
  const scope = request === undefined ? '' : renderScopes(neededAccess(request));
  return principal.within !== undefined ? { scope, error: 'insufficient_scope' } : { scope };
}
