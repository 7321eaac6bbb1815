import { describe, expect, it } from 'vitest';
import { findByPath } from '../../../src/cli/images/see/dotted-path.ts';
import { combineFilters, parseFilter, type Filter } from '../../../src/cli/images/see/filters.ts';
import { mapInOrder } from '../../../src/cli/images/see/map-in-order.ts';
import { matchesGlob } from '../../../src/images/tags/glob.ts';
import { holdTexts } from '../../../src/images/tags/hold-texts.ts';
import type { TagSummary } from '../../../src/images/view/summarize-tag.ts';

describe('a dotted path', () => {
  const image = {
    Id: 'sha256:a',
    Config: { Env: ['A=1', 'B=2'], Labels: { 'org.example.version': '7', org: { example: 1 } } },
    Empty: null,
  };

  it.each<readonly [string, unknown]>([
    ['Id', 'sha256:a'],
    ['.Id', 'sha256:a'],
    ['{{.Id}}', 'sha256:a'],
    ['{{ .Config.Env }}', ['A=1', 'B=2']],
    ['{{json .Config.Env}}', ['A=1', 'B=2']],
    ['Config.Env.1', 'B=2'],
    ['Config.Labels.org.example.version', '7'],
    ['Config.Labels.org.example', 1],
    ['Empty', null],
    ['', image],
  ])('%s', (path, value) => {
    expect(findByPath(image, path)).toEqual(value);
  });

  it.each([
    'Nothing',
    'Id.length',
    'Config.Env.2',
    'Config.Env.length',
    'constructor',
    '__proto__',
    'Empty.x',
  ])('%s is not there', (path) => {
    expect(() => findByPath(image, path)).toThrow('has nothing at');
  });
});

describe('a glob', () => {
  it.each([
    ['1.*', '1.2', true],
    ['1.*', '1x2', false],
    ['v?', 'v1', true],
    ['v?', 'v10', false],
    ['team/*', 'team/a/b', true],
    ['*', '', true],
    ['a+(b)[c]{1}^$|', 'a+(b)[c]{1}^$|', true],
    ['a', 'ab', false],
  ])('%s on %s: %s', (glob, text, is) => {
    expect(matchesGlob(text, glob)).toBe(is);
  });

  it('takes stars without end', () => {
    expect(matchesGlob('a'.repeat(100), '*'.repeat(10_000))).toBe(true);
  });
});

describe('filters', () => {
  const summary: TagSummary = {
    tag: '1',
    digest: undefined,
    mediaType: undefined,
    artifactType: undefined,
    size: 1,
    platforms: ['linux/amd64', 'linux/arm64/v8'],
    created: '2025-03-01T12:00:00Z',
    labels: { team: 'blue' },
    problem: undefined,
  };
  const all = (...texts: readonly string[]): readonly Filter[] =>
    texts.reduce<readonly Filter[]>((filters, text) => parseFilter(text, filters), []);

  it.each([
    [['platform=arm64'], true],
    [['platform=linux/arm64/v8'], true],
    [['platform=linux/s390x'], false],
    [['platform=linux/s390x', 'platform=linux/amd64'], true],
    [['since=2025-03-01'], true],
    [['since=2025-03-02'], false],
    [['before=2025-03-02', 'since=2025-02-28'], true],
    [['before=1d'], true],
    [['since=1d'], false],
    [['label=team'], true],
    [['label=team=b*'], true],
    [['label=team=red'], false],
    [['label=constructor'], false],
    [['platform=amd64', 'label=team=red'], false],
  ])('%j: %s', (texts, is) => {
    expect(combineFilters(all(...texts)).matchesImage(summary)).toBe(is);
  });

  it.each(['linux x', '', 'a/b/c/d', '\u0000'])(
    'take the platform %j of an image for another one',
    (stated) => {
      const keeps = (platforms: readonly string[]): boolean =>
        combineFilters(all('platform=linux/amd64')).matchesImage({ ...summary, platforms });
      expect([keeps([stated]), keeps([stated, 'linux/amd64'])]).toEqual([false, true]);
    },
  );

  it('leaves images without a date out of both', () => {
    const undated = { ...summary, created: undefined };
    const keeps = (text: string): boolean => combineFilters(all(text)).matchesImage(undated);
    expect([keeps('since=2000-01-01'), keeps('before=2100-01-01')]).toEqual([false, false]);
  });

  it('by name need no image', () => {
    const filters = combineFilters(all('1.*', 'tag=v*'));
    expect(filters.needsImage).toBe(false);
    expect(['1.2', 'v1', 'x'].map((name) => filters.matchesName(name))).toEqual([true, true, false]);
  });

  it.each(['', 'since=5', 'before=2025-99-99', 'platform=a/b/c/d', 'plattform=linux', '=1'])(
    '%j is refused',
    (text) => {
      expect(() => parseFilter(text)).toThrow(/./);
    },
  );
});

async function* count(to: number, onTake: () => void = () => undefined): AsyncGenerator<number> {
  for (let at = 0; at < to; at += 1) {
    onTake();
    yield at;
  }
}

describe('items that are looked at side by side', () => {
  it('come in their order, whichever is done first', async () => {
    const results: number[] = [];
    const slow = async (item: number): Promise<number> => {
      for (let turns = 10 - item; turns > 0; turns -= 1) await Promise.resolve();
      return item;
    };
    for await (const item of mapInOrder(count(10), 4, slow)) results.push(item);
    expect(results).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it('are not taken before they are wanted', async () => {
    let taken = 0;
    for await (const item of mapInOrder(
      count(100_000, () => (taken += 1)),
      8,
      async (item) => item,
    )) {
      if (item === 3) break;
    }
    expect(taken).toBeLessThan(16);
  });

  it('end with the first failure', async () => {
    const failing = mapInOrder(count(100), 4, async (item) => {
      if (item === 5) throw new Error('five');
      return item;
    });
    const all = async (): Promise<void> => {
      for await (const item of failing) expect(item).toBeLessThan(5);
    };
    await expect(all()).rejects.toThrow('five');
  });
});

describe('names that are held', () => {
  async function* names(): AsyncGenerator<string> {
    for await (const at of count(100)) yield `tag-${at}`;
  }

  it('are bounded in bytes', async () => {
    expect(await holdTexts(names())).toHaveLength(100);
    await expect(holdTexts(names(), 1000)).rejects.toThrow('too much to sort');
  });
});
