import { describe, expect, it } from 'vitest';
import { trailers } from './cases/heads.ts';
import { complaintsAbout, runsOf, useArena } from './run-cases.ts';

describe('a trailer field', () => {
  const arena = useArena();

  it.each(runsOf(trailers))('$title', async (run) => {
    expect(await complaintsAbout(arena(), run)).toBe('');
  });
});
