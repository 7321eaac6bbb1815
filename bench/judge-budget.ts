/** What is recorded of a program: instructions of one unit of each case. */
export interface Budget {
  /** The Node.js that was counted: another one counts otherwise. */
  readonly node: string;
  readonly instructions: Readonly<Record<string, number>>;
}

/** One case, held against what is recorded of it. */
export interface Verdict {
  readonly name: string;
  readonly counted: number;
  readonly recorded: number | undefined;
  /** What was counted as a share of what is recorded. */
  readonly share: number | undefined;
  readonly isKept: boolean;
}

/** A case may grow to this share of what is recorded. */
export const MOST_SHARE = 1.1;

/** Holds counts against the recorded ones. A case that is not recorded is not kept: nobody would notice if it grew. */
export function judgeBudget(
  { instructions }: Budget,
  counts: ReadonlyMap<string, number>,
): readonly Verdict[] {
  return [...counts].map(([name, counted]) => {
    const recorded = instructions[name];
    const share = recorded === undefined ? undefined : counted / recorded;
    return { name, counted, recorded, share, isKept: share !== undefined && share <= MOST_SHARE };
  });
}
