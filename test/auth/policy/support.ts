import { readAccessFile } from '../../../src/config/access/access-file.ts';
import { compilePolicy, type KnownNames } from '../../../src/auth/policy/compile.ts';
import { failedExpectations } from '../../../src/auth/policy/expectation.ts';
import type { Policy } from '../../../src/auth/policy/policy.ts';
import { parseRegistryRequest, type RegistryRequest } from '../../../src/oci/request/parse.ts';

export interface Findings {
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
  readonly failures: readonly string[];
}

/** All that is found in an access file, as `path: reason (line)`. */
export function findingsOf(text: string, known: KnownNames = {}): Findings {
  const { file, problems } = readAccessFile('a', text);
  const compiled = compilePolicy(file, known);
  const render = ({
    path,
    reason,
    where,
  }: {
    path: string;
    reason: string;
    where: string | undefined;
  }): string => `${path}: ${reason} (${where?.replace('a:', '')})`;
  return {
    problems: [...problems, ...compiled.problems].map(render),
    warnings: compiled.warnings.map(render),
    failures: failedExpectations(compiled.policy, compiled.expectations).map(render),
  };
}

/** The policy of an access file in which nothing is wrong. */
export function policyOf(text: string, known: KnownNames = {}): Policy {
  const { problems } = findingsOf(text, known);
  if (problems.length > 0) throw new Error(problems.join('\n'));
  return compilePolicy(readAccessFile('access.yml', text).file, known).policy;
}

/** A request that the grammar knows. */
export function requestOf(method: string, target: string): RegistryRequest {
  const outcome = parseRegistryRequest(method, target);
  if (outcome.kind !== 'request') throw new Error(`${method} ${target}: ${outcome.kind}`);
  return outcome.request;
}
