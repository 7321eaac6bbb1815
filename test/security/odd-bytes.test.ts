import { describe, expect, it } from 'vitest';
import { oddFields, oddFraming, oddStrangers, oddTargets } from './cases/encodings.ts';
import { complaintsAbout, runsOf, useCaseFixture } from './run-cases.ts';

/** What is forwarded reads alike everywhere: no server trims, folds or decodes it into something else. */
describe('M-B1: bytes beyond printable ASCII', () => {
  const fixture = useCaseFixture();

  // A form is refused alike for everybody: the strangers are left out for brevity.
  const runs = runsOf([...oddFields, ...oddFraming, ...oddStrangers, ...oddTargets]);

  it.each(runs.filter(({ stranger }) => !stranger))('$title', async (run) => {
    expect(await complaintsAbout(fixture(), run)).toBe('');
  });
});
