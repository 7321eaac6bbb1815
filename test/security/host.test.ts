import { describe, expect, it } from 'vitest';
import { hosts } from './cases/heads.ts';
import { complaintsAbout, runsOf, useCaseFixture } from './run-cases.ts';

describe('Host', () => {
  const fixture = useCaseFixture();

  it.each(runsOf(hosts))('$title', async (run) => {
    expect(await complaintsAbout(fixture(), run)).toBe('');
  });
});
