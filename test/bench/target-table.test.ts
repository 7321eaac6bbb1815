import { describe, expect, it } from 'vitest';
import { casesOf } from '../../bench/run-cases.ts';
import type { Row } from '../../bench/report.ts';
import { judgeRatios, RATIOS } from '../../bench/target-table.ts';

const target = {
  group: 'pull',
  what: 'pulled',
  cases: ['pull:256:1'],
  against: 'nginx',
  most: 0.65,
} as const;

function row(side: string, ratio: number): Row {
  const figures = { cpu: 1, least: 1, most: 1, rate: 1, peak: 1, others: 0 };
  return { case: 'pull:256:1', title: '', side, unit: 'GB', ratio, ...figures };
}

describe('judgeRatios', () => {
  it.each([
    { what: 'met', rows: [row('nginx', 0.65)], isMet: true, figure: '0.650' },
    { what: 'not met', rows: [row('nginx', 0.651)], isMet: false, figure: '0.651' },
    {
      what: 'held against the right contender',
      rows: [row('caddy', 0.1), row('nginx', 2)],
      isMet: false,
      figure: '2.000',
    },
    {
      what: 'not met by what was not measured',
      rows: [row('caddy', 0.1)],
      isMet: false,
      figure: 'nginx was not measured',
    },
  ])('$what', ({ rows, isMet, figure }) => {
    expect(judgeRatios([target], rows)).toEqual([
      { what: 'pulled, pull:256:1', target: 'at most 0.65 of nginx', figure, isMet },
    ]);
  });

  it('names cases that there are', () => {
    expect(casesOf(RATIOS.flatMap(({ cases }) => cases))).not.toBeTypeOf('string');
  });
});
