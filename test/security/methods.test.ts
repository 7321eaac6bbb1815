import { describe, expect, it } from 'vitest';
import { methods } from './cases/heads.ts';
import { complaintsAbout, runsOf, useArena } from './run-cases.ts';

describe('a method', () => {
  const arena = useArena();

  it.each(runsOf(methods))('$title', async (run) => {
    expect(await complaintsAbout(arena(), run)).toBe('');
  });
});
