import { describe, expect, it } from 'vitest';
import { methods } from './cases/heads.ts';
import { complaintsAbout, runsOf, useCaseFixture } from './run-cases.ts';

describe('a method', () => {
  const fixture = useCaseFixture();

  it.each(runsOf(methods))('$title', async (run) => {
    expect(await complaintsAbout(fixture(), run)).toBe('');
  });
});
