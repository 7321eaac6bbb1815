import { describe, expect, it } from 'vitest';
import { describeEnding, endingWarnings, stageOf } from '../../src/lib/ending.ts';

const END = new Date('2027-02-20T12:00:00Z');
const ending = { kind: 'certificate', name: 'certs/domain.crt', notAfter: END } as const;
const at = (days: number): Date => new Date(END.getTime() - days * 86_400_000);

describe('the end of a certificate', () => {
  it.each([
    [31, undefined],
    [30, 30],
    [14.1, 30],
    [14, 14],
    [7, 7],
    [3, 3],
    [1, 1],
    [0.1, 1],
    [-0.1, 0],
    [-1, -1],
    [-1.9, -1],
    [-30, -30],
  ])('%d days before has the stage %s', (days, stage) => {
    expect(stageOf(ending, at(days))).toBe(stage);
  });

  it('is no matter before the gate should have renewed it', () => {
    const own = { ...ending, noticeFrom: at(10) };
    expect(stageOf(own, at(12))).toBeUndefined();
    expect(stageOf(own, at(9))).toBe(14);
  });

  it.each([
    [20.5, 'certs/domain.crt ends in 20 days, on 2027-02-20.'],
    [1.5, 'certs/domain.crt ends in 1 day, on 2027-02-20.'],
    [0.5, 'certs/domain.crt ends in less than a day, on 2027-02-20.'],
    [-0.5, 'certs/domain.crt ended less than a day ago, on 2027-02-20.'],
    [-111.5, 'certs/domain.crt ended 111 days ago, on 2027-02-20.'],
  ])('is told %d days before as "%s"', (days, words) => {
    expect(describeEnding(ending, at(days))).toBe(words);
    expect(endingWarnings([ending], at(days))).toEqual([words]);
  });
});
