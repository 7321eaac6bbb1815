import { describe, expect, it } from 'vitest';
import { duplicates } from './cases/heads.ts';
import { complaintsAbout, runsOf, useCaseFixture } from './run-cases.ts';

describe('a field that is given twice', () => {
  const fixture = useCaseFixture();

  it.each(runsOf(duplicates))('$title', async (run) => {
    expect(await complaintsAbout(fixture(), run)).toBe('');
  });
});
