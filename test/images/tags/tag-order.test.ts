import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareTags, sortTags } from '../../../src/images/tags/tag-order.ts';

describe('the order of tags', () => {
  it.each([
    ['versions as numbers', ['1.10.0', '1.9.3', '1.9.0', '0.12']],
    ['with and without v', ['v2.0.0', '1.10.0', 'v1.9.0', '1.8']],
    ['the longer of equal ones first', ['1.2.0', '1.2', '1.1', '1.0.0', '1.0', '1']],
    ['four parts', ['10.0.19045.2', '10.0.19045.1', '10.0.9']],
    [
      'variants after the plain one, by name',
      ['1.2.3', '1.2.3-alpine', '1.2.3-bookworm', '1.2.3-slim', '1.2.2'],
    ],
    ['newer variants first', ['3.12-alpine3.20', '3.12-alpine3.9', '3.12-slim']],
    [
      'what came before a version after it',
      [
        '1.2.0',
        '1.2.0-alpine',
        '1.2.0-rc.10',
        '1.2.0-rc.9',
        '1.2.0-beta.2',
        '1.2.0-alpha.1',
        '1.2.0-alpha',
        '1.1.0',
      ],
    ],
    ['as Python writes it', ['3.13.0', '3.13.0rc2', '3.13.0rc1-slim', '3.13.0b4', '3.13.0a1', '3.12.9']],
    ['years as versions', ['2025.10.1', '2025.9.30', '2025.9.3']],
    ['Ubuntu', ['24.04', '22.04', '20.04', 'devel', 'latest']],
    ['dates', ['2025-03-01', '2025-02-28', '20241231', '2024-01-02']],
    ['times after a date', ['20250301-1200', '20250301-0900', '20250228.1']],
    ['versions, dates, the rest', ['1.0', '2025-03-01', 'edge', 'latest', 'main']],
    ['numbers in names, the higher first', ['build-10', 'build-9', 'latest', 'pr-120', 'pr-7']],
    [
      'dates in names',
      ['bookworm-20250113', 'bookworm-20241223', 'nightly-2025-03-01', 'nightly-2025-02-28'],
    ],
    ['parts of digests by letters', ['8.0', '9f8e7d6c5b4a', '1f3a9c2', 'sha256-ab.sig']],
    ['equal ones by letters', ['1.0', '01.0', 'V1.0', 'v1.0', 'v1.00'].toSorted()],
    ['numbers without end', [`1.${'9'.repeat(120)}`, `1.${'9'.repeat(119)}`, '1.8']],
  ])('%s', (_name, tags) => {
    expect(sortTags(tags.toReversed())).toEqual(tags);
    expect(tags.toReversed().toSorted(compareTags)).toEqual(tags);
  });

  it('is one order of all tags, whatever the order they come in', () => {
    const part = fc.constantFrom(
      '1',
      '10',
      '2025',
      '0',
      'v',
      'rc',
      '-',
      '.',
      '_',
      'alpine',
      '01',
      '15',
      'A',
      'a',
    );
    const tag = fc.array(part, { minLength: 1, maxLength: 6 }).map((parts) => parts.join(''));
    fc.assert(
      fc.property(fc.array(tag, { maxLength: 12 }), (tags) => {
        expect(sortTags(tags)).toEqual(sortTags(tags.toReversed()));
        expect([...tags].sort(compareTags)).toEqual(sortTags(tags));
      }),
      { numRuns: 60 },
    );
  });

  it('takes many tags, and hostile ones', () => {
    const tags = Array.from({ length: 20_000 }, (_none, at) => `v1.${(at * 7919) % 1000}.${at}-rc.${at % 7}`);
    expect(sortTags(tags)).toHaveLength(20_000);
    const hostile = ['1'.repeat(20_000), `1${'.1'.repeat(10_000)}`, '-'.repeat(20_000)];
    expect(sortTags(hostile)).toHaveLength(3);
  });
});
