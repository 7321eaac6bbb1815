import { describe, expect, it } from 'vitest';
import { headerCounts } from './cases/heads.ts';
import { complaintsAbout, runsOf, useArena } from './run-cases.ts';

describe('many or odd header fields', () => {
  const arena = useArena();

  it.each(runsOf(headerCounts))('$title', async (run) => {
    expect(await complaintsAbout(arena(), run)).toBe('');
  });
});
