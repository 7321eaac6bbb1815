import { describe, expect, it } from 'vitest';
import { expectations } from './cases/heads.ts';
import { complaintsAbout, runsOf, useArena } from './run-cases.ts';

describe('an expectation', () => {
  const arena = useArena();

  it.each(runsOf(expectations))('$title', async (run) => {
    expect(await complaintsAbout(arena(), run)).toBe('');
  });
});
