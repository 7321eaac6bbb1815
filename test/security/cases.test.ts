import { describe, expect, it } from 'vitest';
import * as framing from './cases/framing.ts';
import * as heads from './cases/heads.ts';
import type { HostileCase } from './cases/hostile-case.ts';
import { compliance, cookies, normalization } from './cases/http11probe-compliance.ts';
import { malformed } from './cases/http11probe-malformed.ts';
import { smuggling } from './cases/http11probe-smuggling.ts';
import * as targets from './cases/targets.ts';

const probe: readonly HostileCase[][] = [compliance, cookies, normalization, malformed, smuggling].map(
  (it) => [...it],
);
const suites: readonly (readonly HostileCase[])[] = [
  ...probe,
  ...Object.values(framing),
  ...Object.values(heads),
  ...Object.values(targets),
];

describe('the hostile requests', () => {
  it('are more than 600, and more than 350 of them must never reach the backend', () => {
    const cases = suites.flat();
    const kept = cases.filter(({ expected }) => !['forwarded', 'sequence'].includes(expected.kind));
    expect(cases.length).toBeGreaterThan(600);
    expect(kept.length).toBeGreaterThan(350);
  });

  it('have a name each within their suite', () => {
    const twice = suites.flatMap((suite) => {
      const names = suite.map(({ id, about }) => `${id}: ${about}`);
      return names.filter((name, at) => names.indexOf(name) !== at);
    });
    expect(twice).toEqual([]);
  });
});
