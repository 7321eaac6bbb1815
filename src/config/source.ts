import type { Problem } from './problem.ts';

/** One value of one option, and who said so. */
export interface Given {
  readonly value: unknown;
  /** `registry-gate.yml:4`, `REGISTRY_GATE_LISTEN`, `--listen`. */
  readonly where: string;
}

/** What one source says: values by the path of the option, and what is wrong with the source itself. */
export interface Source {
  readonly values: ReadonlyMap<string, Given>;
  readonly problems: readonly Problem[];
}
