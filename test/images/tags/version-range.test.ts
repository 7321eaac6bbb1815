import { describe, expect, it } from 'vitest';
import { compileVersionRange } from '../../../src/images/tags/version-range.ts';

const TAGS = [
  '1',
  'v1.2',
  '1.2.3',
  '1.3.0-rc.1',
  '1.3.0-alpine',
  '2.0.0',
  '10.1',
  'latest',
  '1.2.3.4',
  '1.2.3-01',
  '1.2.3_x',
];

describe('a range of versions', () => {
  it.each<[string, readonly string[]]>([
    ['^1.2', ['v1.2', '1.2.3']],
    ['>=1 <2', ['1', 'v1.2', '1.2.3']],
    ['1.x || >=10', ['1', 'v1.2', '1.2.3', '10.1']],
    ['~1.3.0-0', ['1.3.0-rc.1', '1.3.0-alpine']],
    ['*', ['1', 'v1.2', '1.2.3', '2.0.0', '10.1']],
  ])('%j takes %j', (range, taken) => {
    expect(TAGS.filter((tag) => compileVersionRange(range)?.(tag))).toEqual(taken);
  });

  it.each(['latest', '>=a.b', '1.2.3.4.5', '>'.repeat(300)])('%j is none', (text) => {
    expect(compileVersionRange(text)).toBeUndefined();
  });
});
