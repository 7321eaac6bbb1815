import { describe, expect, it } from 'vitest';
import { upgrades } from './cases/heads.ts';
import { complaintsAbout, runsOf, useCaseFixture } from './run-cases.ts';

describe('an upgrade', () => {
  const fixture = useCaseFixture();

  it.each(runsOf(upgrades))('$title', async (run) => {
    expect(await complaintsAbout(fixture(), run)).toBe('');
  });
});
