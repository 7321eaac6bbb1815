import { describe, expect, it } from 'vitest';
import { hosts } from './cases/heads.ts';
import { complaintsAbout, runsOf, useArena } from './run-cases.ts';

describe('Host', () => {
  const arena = useArena();

  it.each(runsOf(hosts))('$title', async (run) => {
    expect(await complaintsAbout(arena(), run)).toBe('');
  });
});
