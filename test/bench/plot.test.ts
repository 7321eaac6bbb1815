import { describe, expect, it } from 'vitest';
import { GROWTH_PLOTS, panelOf } from '../../bench/growth-plots.ts';
import { plotOf } from '../../bench/plot.ts';
import { casesOf } from '../../bench/run-cases.ts';
import type { Row } from '../../bench/report.ts';

function row(name: string, side: string, cpu: number): Row {
  const figures = { least: cpu, most: cpu, rate: 1, peak: 1, ratio: 1, others: 0 };
  return { case: name, title: '', side, unit: 'request', cpu, ...figures };
}

describe('plots of growth', () => {
  it('are of cases that there are', () => {
    expect(casesOf(GROWTH_PLOTS.flatMap(({ points }) => points.map((point) => point.case)))).not.toBeTypeOf(
      'string',
    );
  });

  it('take what grows in the gate from the gate with so many rules', () => {
    const rules = GROWTH_PLOTS.find(({ name }) => name === 'rules');
    const rows = [
      row('rules:8', 'gate', 1e-4),
      row('rules:8', 'gate-rules-1000', 2e-4),
      row('rules:8', 'nginx', 3e-4),
    ];
    expect(rules && panelOf(rules, rows).series).toEqual([
      {
        name: 'gate',
        points: [
          { at: 1, value: 100 },
          { at: 1000, value: 200 },
        ],
      },
      { name: 'nginx', points: [{ at: 1, value: expect.closeTo(300) }] },
    ]);
  });
});

describe('plotOf', () => {
  const points = [1, 10, 100].map((at) => ({ at, value: at * 2 }));
  const svg = plotOf([
    { title: 'a < b', across: 'MiB', up: 's', isLinear: false, series: [{ name: 'gate', points }] },
  ]);

  it('draws what is proportional as a straight line', () => {
    const [, path = ''] = /class="line s0 d0" d="M([^"HV]+)"/.exec(svg) ?? [];
    const places = path.split('L').map((pair) => pair.split(' ').map(Number));
    const [first = [], second = [], third = []] = places;
    expect(places).toHaveLength(3);
    const rise = (from: readonly number[], to: readonly number[]): number =>
      ((to[1] ?? 0) - (from[1] ?? 0)) / ((to[0] ?? 0) - (from[0] ?? 0));
    expect(rise(first, second)).toBeLessThan(0);
    expect(rise(first, second)).toBeCloseTo(rise(second, third), 2);
  });

  it('writes no text as markup, and no number that is none', () => {
    expect(svg).toContain('a &lt; b');
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
  });
});
