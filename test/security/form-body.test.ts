import { describe, expect, it } from 'vitest';
import { formBodies, manifestTypes } from './cases/forms.ts';
import { complaintsAbout, runsOf, useArena } from './run-cases.ts';

describe('M-B1: a form body', () => {
  const arena = useArena();

  it.each(runsOf([...formBodies, ...manifestTypes]))('$title', async (run) => {
    expect(await complaintsAbout(arena(), run)).toBe('');
  });
});
