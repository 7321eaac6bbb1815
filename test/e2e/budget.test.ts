import { expect, it } from 'vitest';
import { countBudget, readBudget } from '../../bench/count-budget.ts';
import { COUNTER_NEEDS } from '../../bench/instructions.ts';
import { judgeBudget } from '../../bench/judge-budget.ts';
import { describeWith } from '../support/requires.ts';

describeWith([...COUNTER_NEEDS, 'curl'], 'the budget of instructions', () => {
  // Counts, not time: `npm run budget -- --record` writes new ones down where more is wanted and worth it.
  it('is kept in every case', { timeout: 600_000 }, async () => {
    const { instructions, node } = await readBudget();
    const verdicts = judgeBudget({ instructions, node }, await countBudget());
    expect(verdicts.filter(({ isKept }) => !isKept)).toEqual([]);
    expect(verdicts.map(({ name }) => name)).toEqual(Object.keys(instructions));
  });
});
