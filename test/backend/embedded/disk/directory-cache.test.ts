import { mkdir, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DirectoryCache } from '../../../../src/backend/embedded/disk/directory-cache.ts';
import { sortInSlices, STEPS } from '../../../../src/oci/manifest/slices.ts';
import { temporaryFolder, type Folder } from '../../../support/programs.ts';

const LATER = new Date(Date.now() + 60_000);

describe('names of folders in memory', () => {
  let folder: Folder;
  beforeEach(async () => {
    folder = await temporaryFolder('names');
  });
  afterEach(() => folder.close());

  async function make(name: string, files: readonly string[]): Promise<string> {
    const path = join(folder.path, name);
    await mkdir(path);
    for (const file of files) await writeFile(join(path, file), '');
    return path;
  }

  const cacheOf = (mostBytes: number): DirectoryCache =>
    new DirectoryCache({ accepts: (name) => name !== 'no', mostBytes, now: () => LATER });

  it('are sorted, and read again when the folder has changed', async () => {
    const path = await make('a', ['b', 'a', 'no', 'C']);
    const cache = cacheOf(1e6);
    const names = await cache.list(path);
    expect(names).toEqual(['C', 'a', 'b']);
    expect(await cache.list(path)).toBe(names);
    await writeFile(join(path, 'd'), '');
    await utimes(path, LATER, new Date(LATER.getTime() - 30_000));
    expect(await cache.list(path)).toEqual(['C', 'a', 'b', 'd']);
    await rm(path, { recursive: true });
    expect(await cache.list(path)).toBeUndefined();
  });

  it('are bounded in bytes', async () => {
    const long = 'n'.repeat(200);
    const paths = [await make('a', [long]), await make('b', [long]), await make('c', [long])];
    const cache = cacheOf(800);
    // One after the other: what makes room is the one that was read first.
    const listAll = async (all: readonly string[]): Promise<unknown[]> => {
      const lists = [];
      for (const path of all) lists.push(await cache.list(path));
      return lists;
    };
    const first = await listAll(paths);
    const second = await listAll(paths.toReversed());
    const kept = second.toReversed().map((names, at) => names === first[at]);
    expect(kept).toEqual([false, true, true]);
    const none = cacheOf(100);
    expect(await none.list(paths[0] ?? '')).not.toBe(await none.list(paths[0] ?? ''));
  });

  it('are read once for all who ask while they are read, after their question', async () => {
    const path = await make('a', ['a']);
    const cache = new DirectoryCache({ accepts: () => true, mostBytes: 1e6, now: () => new Date(0) });
    const asked = await Promise.all(Array.from({ length: 20 }, () => cache.list(path)));
    expect(asked.every((names) => names?.join() === 'a')).toBe(true);
    expect(new Set(asked).size).toBeLessThanOrEqual(3);
  });
});

describe('sorting in slices', () => {
  it.each([0, 1, STEPS - 1, STEPS, STEPS + 1, 3 * STEPS + 7])('%d texts', async (length) => {
    const texts = Array.from({ length }, (_, at) => `${(at * 7919) % 100_003}`);
    expect(await sortInSlices(texts)).toEqual(texts.toSorted());
  });
});
