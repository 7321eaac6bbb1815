import { describe, expect, it } from 'vitest';
import { ALL_CASES, ALL_SUITES } from './cases/all.ts';

describe('the hostile requests', () => {
  it('are more than 600, and more than 350 of them must never reach the backend', () => {
    const kept = ALL_CASES.filter(({ expected }) => !['forwarded', 'sequence'].includes(expected.kind));
    expect(ALL_CASES.length).toBeGreaterThan(600);
    expect(kept.length).toBeGreaterThan(350);
  });

  it('have a name each within their suite', () => {
    const twice = ALL_SUITES.flatMap((suite) => {
      const names = suite.map(({ id, about }) => `${id}: ${about}`);
      return names.filter((name, at) => names.indexOf(name) !== at);
    });
    expect(twice).toEqual([]);
  });
});
