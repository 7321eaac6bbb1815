import { open, readFile, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { watchFiles, type Watcher } from '../../../src/lib/files/watch-file.ts';
import { temporaryFolder, type Folder } from '../../support/programs.ts';

const HOUR_MS = 3_600_000;

let folder: Folder;
let one: string;
let two: string;
let watcher: Watcher;
let changes = 0;
let onChange: () => unknown;
beforeEach(async () => {
  folder = await temporaryFolder('watch');
  one = join(folder.path, 'one');
  two = join(folder.path, 'two');
  await writeFile(one, 'before');
  changes = 0;
  onChange = () => void (changes += 1);
  // No look comes by itself: the tests ask for each.
  watcher = await watchFiles({ paths: [one, two], intervalMs: HOUR_MS, onChange: () => onChange() });
});
afterEach(async () => {
  watcher.close();
  await folder.close();
});

const CHANGES: Readonly<Record<string, () => Promise<void>>> = {
  'an edit in place': () => writeFile(one, 'after, and longer'),
  'an edit of the same length': () => writeFile(one, 'BEFORE'),
  'an edit of the same length that hides its time': async () => {
    await writeFile(one, 'BEFORE');
    await utimes(one, new Date(0), new Date(0));
  },
  'an atomic replacement': async () => {
    await writeFile(`${one}.new`, 'before');
    await rename(`${one}.new`, one);
  },
  'a removal': () => rm(one),
  'a file that was not there': () => writeFile(two, ''),
  'a symbolic link in its place': async () => {
    await writeFile(join(folder.path, 'target'), 'before');
    await rm(one);
    await symlink('target', one);
  },
};

describe('a change is seen once', () => {
  for (const [name, change] of Object.entries(CHANGES)) {
    it(`of ${name}`, async () => {
      await watcher.check();
      expect(changes).toBe(0);
      await change();
      await watcher.check();
      await watcher.check();
      expect(changes).toBe(1);
    });
  }

  it('the swap of a link in the middle of the path, as Kubernetes does it', async () => {
    const data = join(folder.path, 'data');
    for (const version of ['v1', 'v2']) await writeFile(join(folder.path, version), version);
    await symlink('v1', data);
    const seen: string[] = [];
    const linked = await watchFiles({
      paths: [data],
      intervalMs: HOUR_MS,
      onChange: async () => void seen.push(await readFile(data, 'utf8')),
    });
    await symlink('v2', `${data}.new`);
    await rename(`${data}.new`, data);
    await linked.check();
    linked.close();
    expect(seen).toEqual(['v2']);
  });

  it('reading is no change', async () => {
    await readFile(one);
    await watcher.check();
    expect(changes).toBe(0);
  });
});

describe('a change that could not be read', () => {
  const failing = (code: string): Error =>
    new Error('not read', { cause: Object.assign(new Error(code), { code }) });

  it.each([
    ['EMFILE', 2],
    ['EIO', 2],
    ['ESTALE', 2],
    ['ENOENT', 1],
    ['EACCES', 1],
  ])('because of %s is seen %i times where the second time goes well', async (code, times) => {
    const outcomes: unknown[] = [failing(code), undefined];
    onChange = async () => {
      changes += 1;
      return outcomes.shift();
    };
    await writeFile(one, 'after');
    for (let look = 0; look < 4; look += 1) await watcher.check();
    expect(changes).toBe(times);
  });
});

describe('looks', () => {
  it('do not run into each other: a change while one is dealt with is dealt with next', async () => {
    const order: string[] = [];
    onChange = async () => {
      order.push('begin');
      if (order.length === 1) await writeFile(one, 'while the first is dealt with');
      order.push('end');
    };
    await writeFile(one, 'first');
    await Promise.all([watcher.check(), watcher.check(), watcher.check()]);
    expect(order).toEqual(['begin', 'end', 'begin', 'end']);
  });

  it('come by themselves', async () => {
    const quick = await watchFiles({ paths: [one], intervalMs: 5, onChange: () => onChange() });
    const seen = new Promise<void>((resolve) => {
      onChange = resolve;
    });
    await writeFile(one, 'after');
    await seen;
    quick.close();
    expect(await readFile(one, 'utf8')).toBe('after');
  });
});

describe('M-D13: a file that has no name any more, as a single-file mount that was replaced outside', () => {
  it('is told of once, at the first look too, and again after it had one', async () => {
    const folder = await temporaryFolder('detached');
    const path = join(folder.path, 'htpasswd');
    await writeFile(path, 'old');
    const file = await open(path, 'r');
    // What a mount does: another way to the file, whatever becomes of its name.
    const mount = `/proc/self/fd/${file.fd}`;
    const told: string[] = [];
    const watch = { paths: [mount], intervalMs: 60_000, onChange: () => undefined };
    const watcher = await watchFiles({ ...watch, onDetached: (name) => void told.push(name) });
    try {
      await watcher.check();
      expect(told).toEqual([]);
      await writeFile(`${path}.new`, 'new');
      await rename(`${path}.new`, path);
      await watcher.check();
      await watcher.check();
      expect(told).toEqual([mount]);
      const late: string[] = [];
      (await watchFiles({ ...watch, onDetached: (name) => void late.push(name) })).close();
      expect(late).toEqual([mount]);
    } finally {
      watcher.close();
      await file.close();
      await folder.close();
    }
  });
});
