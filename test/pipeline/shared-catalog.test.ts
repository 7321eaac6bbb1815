import { describe, expect, it } from 'vitest';
import { fillCatalogPage, type CatalogPage } from '../../src/oci/catalog.ts';
import type { Exchange } from '../../src/observe/exchange.ts';
import { CatalogBusy, createSharedCatalog, type SharedCatalog } from '../../src/pipeline/shared-catalog.ts';
import { exchangeOf } from '../support/exchange.ts';

const NAMES = Array.from({ length: 21_000 }, (_none, at) => `team/app-${String(at).padStart(6, '0')}`);

interface World {
  readonly catalog: SharedCatalog;
  /** After which name the registry was asked, each time. */
  readonly asked: (string | undefined)[];
  /** How many it worked on at the same time, at most. */
  readonly most: () => number;
  wait(milliseconds: number): void;
}

/** A registry that takes so long for each page. */
function world(took = 500, names: readonly string[] = NAMES, maxBytes?: number): World {
  let at = 0;
  let running = 0;
  let most = 0;
  const asked: (string | undefined)[] = [];
  const source = async (n: number, last: string | undefined): Promise<CatalogPage> => {
    asked.push(last);
    running += 1;
    most = Math.max(most, running);
    await Promise.resolve();
    at += took;
    running -= 1;
    const from = last === undefined ? 0 : names.findIndex((name) => name > last);
    if (from < 0) return { names: [], more: false };
    return { names: names.slice(from, from + n), more: from + n < names.length };
  };
  const catalog = createSharedCatalog({ source, now: () => at, ...(maxBytes !== undefined && { maxBytes }) });
  return { catalog, asked, most: () => most, wait: (milliseconds) => void (at += milliseconds) };
}

/** One answer to somebody who sees what this says. */
async function answer(
  it: World,
  account: string,
  isVisible: (name: string) => boolean,
  last?: string,
): Promise<string[]> {
  const source = (n: number, after: string | undefined): Promise<CatalogPage> =>
    it.catalog.page(n, after, account);
  const page = await fillCatalogPage({ n: 1, last, source, isVisible });
  return [...page.names];
}

const nothing = (): boolean => false;

describe('the shared catalog', () => {
  it('is walked once for everybody who sees nothing of 21,000 repositories', async () => {
    const it = world();
    for (let at = 0; at < 30; at += 1) await answer(it, 'eve', nothing);
    await Promise.all(Array.from({ length: 30 }, (_none, at) => answer(it, `user ${at}`, nothing)));
    // One answer goes through 20 pages, of which the first is a part of one.
    expect([it.asked.length, it.most()]).toEqual([19, 1]);
  });

  it('asks the registry for one page at a time, whoever waits, and for each page once', async () => {
    const it = world();
    await Promise.all(Array.from({ length: 50 }, (_none, at) => answer(it, `user ${at}`, nothing)));
    expect([it.asked.length, new Set(it.asked).size, it.most()]).toEqual([19, 19, 1]);
  });

  it('gives each their own part, from wherever they go on', async () => {
    const it = world();
    const isMine = (name: string): boolean => name.endsWith('7');
    expect(await answer(it, 'a', isMine)).toEqual([NAMES[7]]);
    expect(await answer(it, 'a', isMine, NAMES[7])).toEqual([NAMES[17]]);
    expect(await answer(it, 'a', isMine, NAMES[999])).toEqual([NAMES[1007]]);
    expect(await answer(it, 'a', isMine, NAMES.at(-1))).toEqual([]);
    expect(it.asked).toEqual([undefined, NAMES[999], NAMES.at(-1)]);
    const [all, first] = [
      await it.catalog.page(3, undefined, 'b'),
      await it.catalog.page(1000, NAMES[997], 'b'),
    ];
    expect([all.names, all.more, first.names, first.more]).toEqual([
      NAMES.slice(0, 3),
      true,
      NAMES.slice(998, 1000),
      true,
    ]);
  });

  it('is out of date after a while that depends on what it costs, and never for longer than half a minute', async () => {
    for (const [took, life] of [
      [10, 600],
      [500, 30_000],
      [60_000, 30_000],
    ] as const) {
      const it = world(took);
      await it.catalog.page(1, undefined, 'a');
      it.wait(life - 1);
      await it.catalog.page(1, undefined, 'a');
      expect(it.asked).toHaveLength(1);
      it.wait(1);
      await it.catalog.page(1, undefined, 'a');
      expect(it.asked).toHaveLength(2);
    }
  });

  it('is never out of date where it is small and comes at once', async () => {
    const it = world(5, ['a', 'b']);
    for (let at = 0; at < 3; at += 1)
      expect((await it.catalog.page(9, undefined, 'a')).names).toEqual(['a', 'b']);
    expect(it.asked).toHaveLength(3);
  });

  it('knows a repository that was pushed here', async () => {
    const it = world();
    await it.catalog.page(1, undefined, 'a');
    const seen: unknown[] = [];
    const observe = (exchange: Exchange): void => {
      seen.push(exchange);
      it.catalog.note(exchange);
    };
    const push = (repository: string, status = 201): void =>
      observe(exchangeOf(`PUT /v2/${repository}/manifests/1`, { status }));
    push('team/app-000001');
    push('team/refused', 403);
    await it.catalog.page(1, undefined, 'a');
    expect([it.asked.length, seen.length]).toEqual([1, 2]);
    push('team/new');
    await it.catalog.page(1, undefined, 'a');
    expect(it.asked).toHaveLength(2);
  });

  it('keeps no more bytes than it may', async () => {
    const long = Array.from(
      { length: 5000 },
      (_none, at) => `${String(at).padStart(6, '0')}${'x'.repeat(240)}`,
    );
    const it = world(500, long, 1024 * 1024);
    for (let last: string | undefined, at = 0; at < 5; at += 1) {
      const page: CatalogPage = await it.catalog.page(1000, last, 'a');
      last = page.names.at(-1);
    }
    const before = it.asked.length;
    await it.catalog.page(1, undefined, 'a');
    expect([before, it.asked.length]).toEqual([5, 6]);
  });

  it('keeps nobody waiting for those who ask for many pages, and turns them away at last', async () => {
    const it = world();
    const greedy = Array.from({ length: 200 }, (_none, at) =>
      it.catalog.page(1, `x${at}`, 'eve').then(
        () => it.asked.length,
        (error: unknown) => error,
      ),
    );
    await it.catalog.page(1, undefined, 'alice');
    const modest = it.asked.length;
    expect(modest).toBeLessThanOrEqual(4);
    const said = await Promise.all(greedy);
    expect(said.filter((it) => it instanceof CatalogBusy).length).toBeGreaterThan(100);
  });

  it('fails as the registry does, and goes on with the next', async () => {
    let isBroken = true;
    const source = async (): Promise<CatalogPage> => {
      if (isBroken) throw new Error('gone');
      return { names: ['a'], more: false };
    };
    const catalog = createSharedCatalog({ source, now: () => 0 });
    await expect(catalog.page(1, undefined, 'a')).rejects.toThrow('gone');
    isBroken = false;
    expect(await catalog.page(1, undefined, 'a')).toEqual({ names: ['a'], more: false });
  });
});
