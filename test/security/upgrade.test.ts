import { describe, expect, it } from 'vitest';
import { upgrades } from './cases/heads.ts';
import { complaintsAbout, runsOf, useArena } from './run-cases.ts';

describe('an upgrade', () => {
  const arena = useArena();

  it.each(runsOf(upgrades))('$title', async (run) => {
    expect(await complaintsAbout(arena(), run)).toBe('');
  });
});
