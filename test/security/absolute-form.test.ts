import { describe, expect, it } from 'vitest';
import { absoluteForms } from './cases/heads.ts';
import { complaintsAbout, runsOf, useArena } from './run-cases.ts';

describe('the absolute form of a target', () => {
  const arena = useArena();

  it.each(runsOf(absoluteForms))('$title', async (run) => {
    expect(await complaintsAbout(arena(), run)).toBe('');
  });
});
