import { describe, expect, it } from 'vitest';
import { duplicates } from './cases/heads.ts';
import { complaintsAbout, runsOf, useArena } from './run-cases.ts';

describe('a field that is given twice', () => {
  const arena = useArena();

  it.each(runsOf(duplicates))('$title', async (run) => {
    expect(await complaintsAbout(arena(), run)).toBe('');
  });
});
