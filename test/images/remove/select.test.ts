import { describe, expect, it } from 'vitest';
import type { Contents } from '../../../src/images/remove/contents.ts';
import { matchesGlob } from '../../../src/images/tags/glob.ts';
import { selectTags, type Selection } from '../../../src/images/remove/select.ts';

const DAY = 24 * 3600 * 1000;
const NOW = Date.UTC(2026, 10, 29);
const NOTHING: Selection = {
  match: [],
  except: [],
  keepLast: undefined,
  olderThan: undefined,
  orphans: false,
};
const HEX = 'a'.repeat(64);

/** Tag -> image and its age in days; undefined if that is not known. */
function contentsOf(
  tags: Readonly<Record<string, readonly [image: string, age: number | undefined]>>,
): Contents {
  const entries = Object.entries(tags);
  return {
    repository: 'team/app',
    tags: new Map(entries.map(([tag, [image]]) => [tag, image])),
    manifests: new Map(
      entries.map(([, [image, age]]) => [
        image,
        {
          digest: image,
          size: 1,
          blobs: [],
          children: [],
          subject: undefined,
          created: age === undefined ? undefined : NOW - age * DAY,
          isOpaque: false,
        },
      ]),
    ),
    absent: new Set([`sha256:${HEX}`]),
  };
}

const CONTENTS = contentsOf({
  'pr-1': ['one', 90],
  'pr-2': ['two', 60],
  'pr-3': ['three', 10],
  '1.0': ['two', 60],
  '2.0': ['four', 1],
  'pr-old': ['old', undefined],
  [`sha256-${HEX}.sig`]: ['sig', 90],
  [`sha256-${'b'.repeat(64)}`]: ['referrers', 90],
});

describe('a selection', () => {
  it.each<[string, Partial<Selection>, readonly string[]]>([
    ['of nothing', {}, []],
    ['by glob', { match: ['pr-*'] }, ['pr-1', 'pr-2', 'pr-3', 'pr-old']],
    ['by two globs', { match: ['pr-1', '1.?'] }, ['pr-1', '1.0']],
    ['by glob with exceptions', { match: ['pr-*'], except: ['pr-o*', 'pr-3'] }, ['pr-1', 'pr-2']],
    ['by age', { olderThan: 30 * DAY }, ['pr-1', 'pr-2', '1.0']],
    ['by age, exactly as old', { olderThan: 60 * DAY }, ['pr-1']],
    ['by age and glob', { olderThan: 30 * DAY, match: ['pr-*'] }, ['pr-1', 'pr-2']],
    ['by number', { keepLast: 2 }, ['pr-1', 'pr-2', '1.0']],
    ['by number among those that match', { keepLast: 1, match: ['pr-*'] }, ['pr-1', 'pr-2']],
    ['by number 0', { keepLast: 0, match: ['pr-*'] }, ['pr-1', 'pr-2', 'pr-3']],
    ['by a number that is not reached', { keepLast: 10 }, []],
    ['by number and age', { keepLast: 3, olderThan: 30 * DAY }, ['pr-1']],
    ['of orphans', { orphans: true }, [`sha256-${HEX}.sig`]],
    ['of orphans with an exception', { orphans: true, except: ['*.sig'] }, []],
    ['of orphans and by age', { orphans: true, olderThan: 80 * DAY }, ['pr-1', `sha256-${HEX}.sig`]],
    ['of referrers by glob: they follow their image', { match: ['sha256-*'] }, []],
  ])('%s', (_name, selection, going) => {
    const verdicts = selectTags(CONTENTS, { ...NOTHING, ...selection }, NOW);
    expect([...verdicts].flatMap(([tag, { goes }]) => (goes ? [tag] : [])).toSorted()).toEqual(
      going.toSorted(),
    );
  });

  it('keeps a repository that holds signatures alone: their images are elsewhere', () => {
    const signatures = contentsOf({ [`sha256-${HEX}.sig`]: ['sig', 90] });
    const verdicts = selectTags(signatures, { ...NOTHING, orphans: true }, NOW);
    expect([...verdicts.values()].filter(({ goes }) => goes)).toEqual([]);
  });

  it('gives each verdict a reason', () => {
    const selection = { ...NOTHING, match: ['pr-*'], except: ['pr-3'], keepLast: 1, olderThan: 70 * DAY };
    expect(Object.fromEntries(selectTags(CONTENTS, selection, NOW))).toEqual({
      'pr-1': { goes: true, reason: 'matches --match, not one of the newest 1, older than --older-than' },
      'pr-2': { goes: false, reason: 'one of the newest 1' },
      'pr-3': { goes: false, reason: 'matches --except pr-3' },
      '1.0': { goes: false, reason: 'matches no --match' },
      '2.0': { goes: false, reason: 'matches no --match' },
      'pr-old': { goes: false, reason: 'the time it was made is not known' },
      [`sha256-${HEX}.sig`]: {
        goes: false,
        reason: `its image sha256:${'a'.repeat(12)} is gone: --untagged would remove it`,
      },
    });
  });

  it('counts an image with two tags once', () => {
    const contents = contentsOf({ a: ['x', 1], latest: ['x', 1], b: ['y', 2], c: ['z', 3] });
    const verdicts = selectTags(contents, { ...NOTHING, keepLast: 2 }, NOW);
    expect([...verdicts].flatMap(([tag, { goes }]) => (goes ? [tag] : []))).toEqual(['c']);
  });
});

describe('a glob', () => {
  it.each([
    ['', '', true],
    ['', '*', true],
    ['a', '', false],
    ['pr-12', 'pr-*', true],
    ['pr', 'pr-*', false],
    ['apr-1', 'pr-*', false],
    ['1.2.3', '1.?.*', true],
    ['1.22.3', '1.?.3', false],
    ['ababc', '*abc', true],
    ['abcab', '*abc', false],
    ['a.b', 'a*b', true],
    ['axb', 'a.b', false],
    ['a+b', 'a+b', true],
    [`${'a'.repeat(128)}b`, `${'*a'.repeat(40)}c`, false],
  ])('%j is matched by %j: %s', (text, glob, isMatch) => expect(matchesGlob(text, glob)).toBe(isMatch));
});
