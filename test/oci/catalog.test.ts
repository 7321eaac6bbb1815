import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { catalogLink, fillCatalogPage, pageSize } from '../../src/oci/catalog.ts';
import type { CatalogPage, CatalogSource, VisiblePage } from '../../src/oci/catalog.ts';
import { concealName, revealName } from '../../src/oci/concealed-name.ts';

/** A registry that gives at most `most` names at a time, and remembers what it was asked. */
function registry(names: readonly string[], most = 1000) {
  const asked: [n: number, last: string | undefined][] = [];
  const source: CatalogSource = async (n, last) => {
    asked.push([n, last]);
    const rest = names.filter((name) => last === undefined || name > last);
    const page = rest.slice(0, Math.min(n, most));
    return { names: page, more: rest.length > page.length };
  };
  return { source, asked };
}

/** All pages from the start, following the cursors. */
async function pages(
  source: CatalogSource,
  { n, isVisible, lookUps }: { n: number; isVisible: (name: string) => boolean; lookUps?: number },
): Promise<VisiblePage[]> {
  const found: VisiblePage[] = [];
  let last: string | undefined;
  do {
    const page = await fillCatalogPage({
      n,
      last,
      source,
      isVisible,
      ...(lookUps === undefined ? {} : { lookUps }),
    });
    found.push(page);
    last = page.next?.after;
  } while (last !== undefined && found.length < 1000);
  return found;
}

const NAMES = Array.from({ length: 26 }, (_, at) => String.fromCodePoint(97 + at));
const isVowel = (name: string): boolean => 'aeiou'.includes(name);

describe('a page of the catalog', () => {
  it.each([
    [0, [[]]],
    [1, [['a'], ['e'], ['i'], ['o'], ['u']]],
    [2, [['a', 'e'], ['i', 'o'], ['u']]],
    [4, [['a', 'e', 'i', 'o'], ['u']]],
    [5, [['a', 'e', 'i', 'o', 'u']]],
    [1000, [['a', 'e', 'i', 'o', 'u']]],
  ])('of %i names holds those that may be seen, and leads on where there are more', async (n, expected) => {
    for (const most of [1, 2, 3, 7, 26, 1000]) {
      const found = await pages(registry(NAMES, most).source, { n, isVisible: isVowel, lookUps: 100 });
      expect(found.map(({ names }) => names)).toEqual(expected);
      expect(found.every(({ next }) => next?.isHidden !== true)).toBe(true);
    }
  });

  it('begins after the name that it is asked to, seen or not, there or not', async () => {
    const { source } = registry(NAMES);
    const after = async (last: string): Promise<readonly string[]> =>
      (await fillCatalogPage({ n: 2, last, source, isVisible: isVowel })).names;
    expect([await after('a'), await after('b'), await after('ea'), await after('u')]).toEqual([
      ['e', 'i'],
      ['e', 'i'],
      ['i', 'o'],
      [],
    ]);
  });

  it.each([
    ['nothing is there', [], () => true],
    ['nothing may be seen', NAMES, () => false],
  ])('is empty, without a next one, where %s', async (_name, names, isVisible) => {
    const page = await fillCatalogPage({ n: 3, last: undefined, source: registry(names).source, isVisible });
    expect(page).toEqual({ names: [], next: undefined });
  });

  it('asks the registry for enough at a time, and no more than it gives', async () => {
    const small = registry(NAMES);
    await fillCatalogPage({ n: 3, last: undefined, source: small.source, isVisible: isVowel });
    expect(small.asked).toEqual([[100, undefined]]);
    const large = registry(NAMES);
    await fillCatalogPage({ n: 1000, last: 'c', source: large.source, isVisible: isVowel });
    expect(large.asked).toEqual([[1000, 'c']]);
  });

  it('asks so often and no oftener; what is left comes with the next page', async () => {
    const { source, asked } = registry(NAMES, 2);
    const first = await fillCatalogPage({
      n: 2,
      last: 'u',
      source,
      isVisible: (it) => it === 'z',
      lookUps: 2,
    });
    expect(first).toEqual({ names: [], next: { after: 'y', isHidden: true } });
    expect(asked).toHaveLength(2);
    const second = await fillCatalogPage({
      n: 2,
      last: 'y',
      source,
      isVisible: (it) => it === 'z',
      lookUps: 2,
    });
    expect(second).toEqual({ names: ['z'], next: undefined });
  });

  it.each<[string, CatalogPage]>([
    ['gives nothing and says that there is more', { names: [], more: true }],
    ['gives the same page again and again', { names: ['a', 'b'], more: true }],
  ])('ends with a registry that %s', async (_name, page) => {
    let asked = 0;
    const source: CatalogSource = async () => {
      asked += 1;
      return page;
    };
    const { next } = await fillCatalogPage({ n: 5, last: undefined, source, isVisible: () => false });
    expect({ next, isSoon: asked <= 2 }).toEqual({ next: undefined, isSoon: true });
  });

  it('rejects when the registry fails', async () => {
    const source: CatalogSource = async () => {
      throw new Error('gone');
    };
    const page = fillCatalogPage({ n: 5, last: undefined, source, isVisible: () => true });
    await expect(page).rejects.toThrow('gone');
  });

  it('with all that follow it holds every name that may be seen, once, in order, for any size', async () => {
    const names = fc.uniqueArray(fc.stringMatching(/^[a-e]{1,3}$/), { maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(
        names.map((list) => [...list].sort()),
        fc.integer({ min: 1, max: 8 }),
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 4 }),
        async (all, n, most, lookUps) => {
          const isVisible = (name: string): boolean => !name.includes('b');
          const found = await pages(registry(all, most).source, { n, isVisible, lookUps });
          expect(found.flatMap(({ names }) => names)).toEqual(all.filter(isVisible));
          expect(found.every(({ names }) => names.length <= n)).toBe(true);
          // What may not be seen is never given away as if it might.
          expect(
            found.every(({ next }) => next === undefined || next.isHidden !== isVisible(next.after)),
          ).toBe(true);
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('the size of a page', () => {
  it.each([
    [undefined, 100],
    ['', 100],
    ['0', 0],
    ['1', 1],
    ['1000', 1000],
    ['1001', 1000],
    ['-1', 100],
    ['x', 100],
    ['1.5', 100],
  ])('%s: %i', (value, expected) => {
    expect(pageSize(value)).toBe(expected);
  });
});

describe('the link to the next page', () => {
  it('is relative, and encodes the name', () => {
    expect(catalogLink(2, 'team/app')).toBe('</v2/_catalog?last=team%2Fapp&n=2>; rel="next"');
  });
});

describe('a name that its reader may not see', () => {
  const key = Buffer.alloc(32, 7);

  it.each(['secret/x', 'a', 'a'.repeat(255), 'team/app-1.2__3'])('comes back: %s', (name) => {
    const text = concealName(name, key);
    expect(text).toMatch(/^~[A-Za-z0-9_-]+$/);
    expect(text).toBe(concealName(name, key));
    expect(revealName(text, key)).toBe(name);
    expect(Buffer.from(text.slice(1), 'base64url').toString('latin1')).not.toContain(
      name.length > 1 ? name : 'a\0',
    );
  });

  it('does not tell how long it is', () => {
    expect(concealName('a', key)).toHaveLength(concealName('secret/with/a/long/name', key).length);
  });

  it('is itself where it was not concealed', () => {
    expect(revealName('team/app', key)).toBe('team/app');
  });

  it.each([
    ['another key', concealName('secret/x', Buffer.alloc(32, 8))],
    ['a changed text', concealName('secret/x', key).replace(/.$/, (it) => (it === 'A' ? 'Q' : 'A'))],
    ['a cut text', concealName('secret/x', key).slice(0, 30)],
    ['no text', '~'],
    ['a name with the mark', '~team/app'],
  ])('is undefined from %s', (_name, text) => {
    expect(revealName(text, key)).toBe(undefined);
  });
});
