import { describe, expect, it } from 'vitest';
import { compliance, cookies, normalization, notApplicable } from './cases/http11probe-compliance.ts';
import { malformed } from './cases/http11probe-malformed.ts';
import { smuggling } from './cases/http11probe-smuggling.ts';
import { complaintsAbout, runsOf, useCaseFixture } from './run-cases.ts';

const categories = { compliance, cookies, normalization, malformed, smuggling };

describe.each(Object.entries(categories))('Http11Probe, %s', (_name, cases) => {
  const fixture = useCaseFixture();

  it.each(runsOf(cases))('$title', async (run) => {
    expect(await complaintsAbout(fixture(), run)).toBe('');
  });
});

describe('Http11Probe', () => {
  it('is translated whole: 215 cases, of which 9 are the business of the registry', () => {
    const ids = [
      ...Object.values(categories).flatMap((cases) => cases.map(({ id }) => id)),
      ...notApplicable,
    ];
    expect(new Set(ids).size).toBe(215);
    expect(ids).toHaveLength(215);
  });
});
