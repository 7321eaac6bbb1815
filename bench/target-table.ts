import { printTable, type Row } from './report.ts';

/** A share of another contender's processor time that the gate takes at most. */
interface RatioTarget {
  /** What is measured together. */
  readonly group: string;
  readonly what: string;
  /** Each of them has to meet it. */
  readonly cases: readonly string[];
  readonly against: 'nginx' | 'caddy' | 'nginx-cache';
  readonly most: number;
}

/** A target with what was measured of it. */
export interface Judged {
  readonly what: string;
  readonly target: string;
  readonly figure: string;
  readonly isMet: boolean;
}

const SMALL = ['get:8', 'manifest:8', 'head:8'];
const PULLS = ['pull:256:1', 'pull:256:8'];
const HITS = ['cached-pull:256:1', 'cached-pull:256:8', 'cached-pull:16:8'];

export const RATIOS: readonly RatioTarget[] = [
  { group: 'pull', what: 'CPU per GB pulled', cases: PULLS, against: 'nginx', most: 0.65 },
  { group: 'pull', what: 'CPU per GB pulled', cases: PULLS, against: 'caddy', most: 0.85 },
  { group: 'small', what: 'CPU per small request', cases: SMALL, against: 'nginx', most: 0.5 },
  { group: 'small', what: 'CPU per small request', cases: SMALL, against: 'caddy', most: 0.9 },
  { group: 'bcrypt', what: 'the same, bcrypt 5', cases: ['bcrypt5:8'], against: 'nginx', most: 0.05 },
  { group: 'push', what: 'CPU per GB pushed', cases: ['push:256:1'], against: 'nginx', most: 0.95 },
  { group: 'push', what: 'CPU per GB pushed', cases: ['push:256:1'], against: 'caddy', most: 1 },
  { group: 'cache', what: 'CPU per GB of a hit', cases: HITS, against: 'nginx-cache', most: 1 },
  // As many handshakes in a second of processor time as 0.8 of nginx.
  { group: 'handshakes', what: 'CPU per TLS handshake', cases: ['handshakes'], against: 'nginx', most: 1.25 },
];

/** One line for each case of each target that was measured. */
export function judgeRatios(targets: readonly RatioTarget[], rows: readonly Row[]): readonly Judged[] {
  return targets.flatMap(({ what, cases, against, most }) =>
    cases.map((name) => {
      const row = rows.find((one) => one.case === name && one.side === against);
      return {
        what: `${what}, ${name}`,
        target: `at most ${most} of ${against}`,
        figure: row === undefined ? `${against} was not measured` : row.ratio.toFixed(3),
        isMet: row !== undefined && row.ratio <= most,
      };
    }),
  );
}

/** Prints target, figure, met or not. */
export function printTargets(judged: readonly Judged[]): void {
  console.log(
    printTable(
      ['what', 'target', 'figure', ''],
      judged.map(({ what, target, figure, isMet }) => [what, target, figure, isMet ? 'met' : 'NOT MET']),
    ),
  );
}
