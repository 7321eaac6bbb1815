import { describe, expect, it } from 'vitest';
import { bentPaths, foreignPaths, goodPaths, lineForms, publicPathTricks, queries } from './cases/targets.ts';
import { complaintsAbout, runsOf, useCaseFixture } from './run-cases.ts';

const suites = {
  'is refused where a server behind could read another path': bentPaths,
  'is refused where the request line is no origin-form': lineForms,
  'is no path of the registry': foreignPaths,
  'is a path of the registry': goodPaths,
  'has a query that can be read in two ways': queries,
  'names a public path beside the path': publicPathTricks,
};

describe('a target', () => {
  const fixture = useCaseFixture();

  describe.each(Object.entries(suites))('%s', (_name, cases) => {
    it.each(runsOf(cases))('$title', async (run) => {
      expect(await complaintsAbout(fixture(), run)).toBe('');
    });
  });
});
