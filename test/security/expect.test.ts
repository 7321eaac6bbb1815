import { describe, expect, it } from 'vitest';
import { expectations } from './cases/heads.ts';
import { complaintsAbout, runsOf, useCaseFixture } from './run-cases.ts';

describe('an expectation', () => {
  const fixture = useCaseFixture();

  it.each(runsOf(expectations))('$title', async (run) => {
    expect(await complaintsAbout(fixture(), run)).toBe('');
  });
});
