import { describe, expect, it } from 'vitest';
import {
  bodiesWhereNoneBelong,
  brokenChunks,
  brokenLines,
  encodings,
  lengths,
  cluster,
  versions,
} from './cases/framing.ts';
import { complaintsAbout, runsOf, useCaseFixture } from './run-cases.ts';

const suites = {
  lengths,
  encodings,
  'lengths and encodings': cluster,
  versions,
  chunks: brokenChunks,
  lines: brokenLines,
  'bodies where none belong': bodiesWhereNoneBelong,
};

describe('framing', () => {
  const fixture = useCaseFixture();

  describe.each(Object.entries(suites))('%s', (_name, cases) => {
    it.each(runsOf(cases))('$title', async (run) => {
      expect(await complaintsAbout(fixture(), run)).toBe('');
    });
  });
});
