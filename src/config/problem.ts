import { AppError } from '../lib/errors.ts';

/** One problem of the configuration. */
export interface Problem {
  /** The option, `timeouts.bodyIdleSeconds` or `listen[1]`; empty if the problem concerns a whole file. */
  readonly path: string;
  /** What is wrong; continues the path as a sentence. */
  readonly reason: string;
  /** Where the option was set: `registry-gate.yml:4`, `REGISTRY_GATE_LISTEN`, `--listen`. */
  readonly where: string | undefined;
}

/** One error for all problems, each on its own line. */
export function configInvalid(problems: readonly Problem[]): AppError {
  const count = problems.length === 1 ? 'a problem' : `${problems.length} problems`;
  return new AppError('CONFIG_INVALID', {
    message: [`The configuration has ${count}:`, ...problems.map(renderProblem)].join('\n'),
    hint: 'Correct this, then check again: registry-gate config check',
  });
}

/** One mistake can cause many errors of the parser. */
export function firstOfEachLine(problems: readonly Problem[]): Problem[] {
  const seen = new Set<string | undefined>();
  return problems.filter(({ where }) => !seen.has(where) && seen.add(where));
}

function renderProblem({ path, reason, where }: Problem): string {
  const subject = path === '' ? '' : `${path}: `;
  return where === undefined ? `  ${subject}${reason}` : `  ${subject}${reason} (${where})`;
}
