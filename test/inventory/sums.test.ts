import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Database } from '../../src/inventory/database/database.ts';
import { isWhole, openToWrite } from '../../src/inventory/database/open.ts';
import { readRepositories, readRepository } from '../../src/inventory/read/repositories.ts';
import { readAlone, readShares } from '../../src/inventory/read/shares.ts';
import { readSpace, readSpaceOf } from '../../src/inventory/read/space.ts';
import { readTags } from '../../src/inventory/read/tags.ts';
import { storeManifest } from '../../src/inventory/write/manifests.ts';
import { dropRepository, ensureRepository, findRepository } from '../../src/inventory/write/repositories.ts';
import { dropTag, ensureTag, findTag, noteChecked, pointTag } from '../../src/inventory/write/tags.ts';
import { temporaryFolder, type Folder } from '../support/programs.ts';

let folder: Folder;
let database: Database;
beforeEach(async () => {
  folder = await temporaryFolder('inventory');
  ({ database } = await openToWrite({ path: join(folder.path, 'i.db'), backend: 'b' }));
});
afterEach(async () => {
  database.close();
  await folder.close();
});

function digestOf(text: string): string {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`;
}

/** The size of a blob is in its name. */
function blobOf(size: number) {
  return { digest: digestOf(`blob ${size}`), size };
}

function put(repository: string, tag: string, sizes: readonly number[]): void {
  database.transaction(() => {
    const id = ensureRepository(database, repository);
    const manifest = storeManifest(database, id, {
      digest: digestOf(sizes.join()),
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      artifactType: undefined,
      platforms: ['linux/amd64'],
      size: sizes.reduce((sum, size) => sum + size, 0),
      created: undefined,
      problem: undefined,
      blobs: sizes.map(blobOf),
    });
    const found = ensureTag(database, id, tag);
    pointTag(database, found, manifest);
    noteChecked(database, found.id, 1);
  });
}

function remove(repository: string, tag: string): void {
  const id = findRepository(database, repository);
  const found = id === undefined ? undefined : findTag(database, id, tag);
  if (found !== undefined) database.transaction(() => dropTag(database, found));
}

/** Repository, tag, sizes. */
type Model = Map<string, Map<string, readonly number[]>>;

function sum(sizes: Iterable<number>): number {
  return [...new Set(sizes)].reduce((all, size) => all + size, 0);
}

function needOf(tags: Map<string, readonly number[]> | undefined): number[] {
  return [...(tags?.values() ?? [])].flat();
}

function aloneIn(own: readonly number[], others: readonly number[]): number {
  return sum(own.filter((size) => !others.includes(size)));
}

function expectModel(model: Model): void {
  for (const [name, tags] of model) {
    const row = readRepository(database, name);
    expect([name, row?.tags ?? 0, row?.size ?? 0]).toEqual([name, tags.size, sum(needOf(tags))]);
    const { rows } = readTags(database, {
      repository: name,
      sort: 'name',
      descending: false,
      limit: 1000,
    });
    for (const { tag, alone, total } of rows) {
      const others = [...tags].filter(([other]) => other !== tag).flatMap(([, sizes]) => sizes);
      expect([name, tag, total, alone]).toEqual([
        name,
        tag,
        sum(tags.get(tag) ?? []),
        aloneIn(tags.get(tag) ?? [], others),
      ]);
    }
  }
  expectSpace(model, undefined);
  expectSpace(model, new Set([...model.keys()].filter((_name, at) => at % 2 === 0)));
}

function expectSpace(model: Model, visible: ReadonlySet<string> | undefined): void {
  const isFiltered = visible !== undefined;
  const seen = [...model].filter(([name]) => visible?.has(name) ?? true);
  const space = readSpace(database, { limit: 1000, isFiltered });
  expect(space.size).toBe(sum(seen.flatMap(([, tags]) => needOf(tags))));
  for (const { name, alone } of space.rows) {
    const others = seen.filter(([other]) => other !== name).flatMap(([, tags]) => needOf(tags));
    expect([name, alone]).toEqual([name, aloneIn(needOf(model.get(name)), others)]);
  }
  expect(space.rows.length).toBe(
    readRepositories(database, {
      limit: 1000,
      sort: 'name',
      descending: false,
      deep: true,
      isFiltered,
    }).total,
  );
}

/** A generator of the same numbers at each run. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((state / 2_147_483_648) * below);
  };
}

describe('the sums', () => {
  it('are those of blobs that are counted once', () => {
    put('a', '1', [1, 10]);
    put('a', '2', [1, 100]);
    put('b', '1', [1, 1000]);
    expect(readRepository(database, 'a')).toMatchObject({ tags: 2, size: 111 });
    expect(readSpaceOf(database, 'a', { limit: 10 })).toMatchObject({
      size: 111,
      shared: 1,
      rows: [
        { tag: '2', total: 101, alone: 100 },
        { tag: '1', total: 11, alone: 10 },
      ],
    });
    expect(readSpace(database, { limit: 10, isFiltered: false })).toMatchObject({
      size: 1111,
      shared: 1,
      rows: [
        { name: 'b', size: 1001, alone: 1000 },
        { name: 'a', size: 111, alone: 110 },
      ],
    });
    expect(readShares(database, 'a', [blobOf(1).digest, blobOf(10).digest, blobOf(1000).digest])).toEqual(
      new Map([
        [blobOf(1).digest, 2],
        [blobOf(10).digest, 1],
      ]),
    );
  });

  it('of two tags of one digest: neither needs it alone, both do', () => {
    put('a', '1', [5]);
    put('a', '2', [5]);
    expect(readAlone(database, 'a', ['1'])).toBe(0);
    expect(readAlone(database, 'a', ['1', '2', '2', 'none'])).toBe(5);
  });

  it.each([1, 2, 3, 4])('are those of a plain model after any changes (%s)', (seed) => {
    const next = numbers(seed);
    const model: Model = new Map();
    database.define('is_visible', (id) => {
      const row = database.get<{ name: string }>('SELECT name FROM repository WHERE id = ?', id);
      return [...model.keys()].indexOf(row?.name ?? '') % 2 === 0 ? 1 : 0;
    });
    for (let step = 0; step < 300; step += 1) {
      const [repository, tag] = [`r${next(5)}`, `t${next(6)}`];
      const tags = model.get(repository) ?? new Map<string, readonly number[]>();
      model.set(repository, tags);
      if (next(10) === 0) {
        const id = findRepository(database, repository);
        if (id !== undefined) database.transaction(() => dropRepository(database, id));
        tags.clear();
      } else if (next(3) === 0) {
        remove(repository, tag);
        tags.delete(tag);
      } else {
        const sizes = [...new Set(Array.from({ length: 1 + next(5) }, () => 2 ** next(12)))];
        put(repository, tag, sizes);
        tags.set(tag, sizes);
      }
      if (step % 20 === 0) expectModel(model);
    }
    expectModel(model);
    for (const [repository, tags] of model) for (const tag of tags.keys()) remove(repository, tag);
    for (const table of ['held', 'blob', 'manifest', 'tag'])
      expect([table, database.get(`SELECT count(*) AS n FROM ${table}`)]).toEqual([table, { n: 0 }]);
    expect(isWhole(database)).toBe(true);
  });

  it('do not overflow, whatever sizes manifests state', () => {
    put(
      'a',
      '1',
      Array.from({ length: 2000 }, (_none, at) => Number.MAX_SAFE_INTEGER - at),
    );
    put('b', '1', [3]);
    expect(readSpace(database, { limit: 1, isFiltered: false }).size).toBeGreaterThan(2 ** 50);
    expect(
      readRepositories(database, { limit: 9, sort: 'size', descending: true, isFiltered: false }).rows[1]
        ?.size,
    ).toBe(3);
  });

  it('are not changed by who lies about the size of a blob of others', () => {
    put('a', '1', [7]);
    database.transaction(() => {
      const id = ensureRepository(database, 'liar');
      const content = {
        mediaType: undefined,
        artifactType: undefined,
        platforms: [],
        size: 1,
        created: undefined,
        problem: undefined,
      };
      const manifest = storeManifest(database, id, {
        ...content,
        digest: digestOf('lie'),
        blobs: [{ ...blobOf(7), size: 10 ** 9 }],
      });
      pointTag(database, ensureTag(database, id, '1'), manifest);
    });
    expect(readRepository(database, 'a')?.size).toBe(7);
    expect(readShares(database, 'a', [blobOf(7).digest])).toEqual(new Map([[blobOf(7).digest, 1]]));
  });
});
