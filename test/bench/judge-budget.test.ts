import { describe, expect, it } from 'vitest';
import { judgeBudget } from '../../bench/judge-budget.ts';

const budget = { node: 'v24.0.0', instructions: { get: 1000 } };

describe('judgeBudget', () => {
  it.each([
    { what: 'as many as recorded', name: 'get', counted: 1000, share: 1, isKept: true },
    { what: 'fewer', name: 'get', counted: 500, share: 0.5, isKept: true },
    { what: 'a tenth more', name: 'get', counted: 1100, share: 1.1, isKept: true },
    { what: 'more than a tenth more', name: 'get', counted: 1101, share: 1.101, isKept: false },
    { what: 'a case that is not recorded', name: 'pull', counted: 1, share: undefined, isKept: false },
  ])('$what', ({ name, counted, share, isKept }) => {
    const [verdict] = judgeBudget(budget, new Map([[name, counted]]));
    expect(verdict).toEqual({
      name,
      counted,
      recorded: share === undefined ? undefined : 1000,
      share,
      isKept,
    });
  });
});
