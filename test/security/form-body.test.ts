import { describe, expect, it } from 'vitest';
import { formBodies } from './cases/heads.ts';
import { complaintsAbout, runsOf, useArena } from './run-cases.ts';

describe('a form body', () => {
  const arena = useArena();

  it.each(runsOf(formBodies))('$title', async (run) => {
    expect(await complaintsAbout(arena(), run)).toBe('');
  });
});
