import { describe, expect, it } from 'vitest';
import { trailers } from './cases/heads.ts';
import { complaintsAbout, runsOf, useCaseFixture } from './run-cases.ts';

describe('a trailer field', () => {
  const fixture = useCaseFixture();

  it.each(runsOf(trailers))('$title', async (run) => {
    expect(await complaintsAbout(fixture(), run)).toBe('');
  });
});
