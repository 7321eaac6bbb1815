import { AppError } from '../lib/errors.ts';

/** One thing that is wrong with the configuration. */
export interface Problem {
  /** The option, `timeouts.bodyIdleSeconds` or `listen[1]`; empty for what concerns a whole source. */
  readonly path: string;
  /** What is wrong; continues the path as a sentence. */
  readonly reason: string;
  /** Where it was said: `registry-gate.yml:4`, `REGISTRY_GATE_LISTEN`, `--listen`. */
  readonly where: string | undefined;
}

/** All problems as one error, each on a line of its own. */
export function configInvalid(problems: readonly Problem[]): AppError {
  const count = problems.length === 1 ? 'a problem' : `${problems.length} problems`;
  return new AppError('CONFIG_INVALID', {
    message: [`The configuration has ${count}:`, ...problems.map(renderProblem)].join('\n'),
    hint: 'Mend this, then try again with: registry-gate config check',
  });
}

function renderProblem({ path, reason, where }: Problem): string {
  const subject = path === '' ? '' : `${path}: `;
  return where === undefined ? `  ${subject}${reason}` : `  ${subject}${reason} (${where})`;
}
