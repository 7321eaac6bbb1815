import { describe, expect, it } from 'vitest';
import { absoluteForms } from './cases/heads.ts';
import { complaintsAbout, runsOf, useCaseFixture } from './run-cases.ts';

describe('the absolute form of a target', () => {
  const fixture = useCaseFixture();

  it.each(runsOf(absoluteForms))('$title', async (run) => {
    expect(await complaintsAbout(fixture(), run)).toBe('');
  });
});
