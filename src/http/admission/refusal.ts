import { createProblem } from '../../oci/problem.ts';
import type { Problem, ProblemCode } from '../../oci/problem.ts';

/** A problem with the form of a request. The connection ends with it: where one request was odd, the next is suspect. */
export type Refusal = Problem;

export function refuse(
  status: number,
  code: ProblemCode,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): Refusal {
  return createProblem(code, message, { status, headers, close: true });
}
