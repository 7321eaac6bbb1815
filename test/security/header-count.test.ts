import { describe, expect, it } from 'vitest';
import { headerCounts } from './cases/heads.ts';
import { complaintsAbout, runsOf, useCaseFixture } from './run-cases.ts';

describe('many or odd header fields', () => {
  const fixture = useCaseFixture();

  it.each(runsOf(headerCounts))('$title', async (run) => {
    expect(await complaintsAbout(fixture(), run)).toBe('');
  });
});
