import type { Problem } from './problem.ts';

/** The value of an option, and where it was set. */
export interface Given {
  readonly value: unknown;
  /** `registry-gate.yml:4`, `REGISTRY_GATE_LISTEN`, `--listen`. */
  readonly where: string;
}

/** The contents of one source: values by the path of the option, and problems of the source itself. */
export interface Source {
  readonly values: ReadonlyMap<string, Given>;
  readonly problems: readonly Problem[];
}
