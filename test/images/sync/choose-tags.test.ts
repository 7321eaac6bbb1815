import { describe, expect, it } from 'vitest';
import { chooseTags } from '../../../src/images/sync/choose-tags.ts';
import type { SyncRule } from '../../../src/images/sync/sync-rule.ts';

const REFERRERS = `sha256-${'a'.repeat(64)}`;
const TAGS = ['latest', '1.9.0', '1.10.0', '1.10.0-rc.1', '2.0.0', 'edge', REFERRERS, `${REFERRERS}.sig`];
const ALL = { tags: [], versions: undefined, exclude: [], newest: undefined };

describe('a rule', () => {
  it.each<[string, Partial<SyncRule>, readonly string[]]>([
    ['takes all but referrers', {}, ['2.0.0', '1.10.0', '1.10.0-rc.1', '1.9.0', 'edge', 'latest']],
    ['takes referrers that it names', { tags: ['sha256-*'] }, [REFERRERS, `${REFERRERS}.sig`]],
    ['takes globs', { tags: ['1.*', 'edge'] }, ['1.10.0', '1.10.0-rc.1', '1.9.0', 'edge']],
    ['takes a range', { versions: '>=1.10' }, ['2.0.0', '1.10.0']],
    ['takes a range and globs', { versions: '>=2', tags: ['latest'] }, ['2.0.0', 'latest']],
    ['leaves out', { tags: ['1.*'], exclude: ['*-rc*'] }, ['1.10.0', '1.9.0']],
    ['takes the newest in the order of versions', { newest: 2 }, ['2.0.0', '1.10.0']],
    ['counts after leaving out', { exclude: ['2.*'], newest: 1 }, ['1.10.0']],
    ['takes nothing', { tags: ['none'] }, []],
  ])('%s', (_name, rule, taken) => expect(chooseTags(TAGS, { ...ALL, ...rule })).toEqual(taken));
});
