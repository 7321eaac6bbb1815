import { parseRegistryRequest } from '../oci/request/parse.ts';
import { createProblem } from '../oci/problem.ts';
import type { Problem } from '../oci/problem.ts';
import type { Stage } from './stage.ts';

/**
 * What is asked? Leaves a RegistryRequest in the context, or the problem that will be the answer once it is known who
 * asks: a stranger learns nothing about paths, methods or names.
 */
export function classify(): Stage {
  return function classify(context) {
    const outcome = parseRegistryRequest(context.method, context.target);
    if (outcome.kind === 'request') context.request = outcome.request;
    else context.problem = problemOf(outcome);
    return true;
  };
}

function problemOf(outcome: Exclude<ReturnType<typeof parseRegistryRequest>, { kind: 'request' }>): Problem {
  switch (outcome.kind) {
    case 'unknown':
      return createProblem('NAME_INVALID', 'This is no path of the registry API.', { status: 404 });
    case 'method':
      return createProblem('UNSUPPORTED', 'This path does not know that method.', {
        headers: { Allow: outcome.allow.join(', ') },
      });
    case 'invalid':
      return createProblem(outcome.code, `The query is not served: ${outcome.reason}.`, { status: 400 });
  }
}
