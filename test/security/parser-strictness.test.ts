import { describe, expect, it } from 'vitest';
import * as suites from './cases/parser-strictness.ts';
import { complaintsAbout, runsOf, useCaseFixture } from './run-cases.ts';

describe.each(Object.entries(suites))('R11-R16: never more lenient than llhttp, %s', (_name, cases) => {
  const fixture = useCaseFixture();

  it.each(runsOf(cases))('$title', async (run) => {
    expect(await complaintsAbout(fixture(), run)).toBe('');
  });
});
