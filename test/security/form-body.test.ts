import { describe, expect, it } from 'vitest';
import { formBodies, manifestTypes } from './cases/forms.ts';
import { complaintsAbout, runsOf, useCaseFixture } from './run-cases.ts';

describe('M-B1: a form body', () => {
  const fixture = useCaseFixture();

  it.each(runsOf([...formBodies, ...manifestTypes]))('$title', async (run) => {
    expect(await complaintsAbout(fixture(), run)).toBe('');
  });
});
