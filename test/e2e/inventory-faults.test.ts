import { statSync } from 'node:fs';
import { mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Database } from '../../src/inventory/database/database.ts';
import type { TagRow } from '../../src/inventory/inventory.ts';
import { storeManifest } from '../../src/images/model/manifest.ts';
import { blobOf, reading } from '../images/client/scripted.ts';
import { backendOf } from '../support/inner-registry.ts';
import { openTestInventory, type TestInventory } from '../support/inventory.ts';
import { temporaryFolder, type Folder } from '../support/programs.ts';
import { pushImage, pushIndex } from '../support/push-image.ts';

let folder: Folder;
let opened: TestInventory;
const PAGE = { sort: 'name', descending: false, limit: 1000 } as const;

beforeAll(async () => {
  folder = await temporaryFolder('inventory-faults');
  const state = join(folder.path, 'state');
  await mkdir(state);
  opened = await openTestInventory({ backend: backendOf(`embedded:${join(folder.path, 'data')}`) }, state);
  await pushImage(opened.registry.repository('team/app'), { layers: ['one'], tags: ['1', '2'] });
});
afterAll(async () => {
  await opened.close();
  await folder.close();
});

async function tagsAfterRefresh(repository: string): Promise<readonly TagRow[]> {
  await opened.inventory.refresh(repository, PAGE, 600_000);
  return (await opened.inventory.tags({ ...PAGE, repository })).rows;
}

async function expectTags(): Promise<void> {
  await expect
    .poll(async () => (await tagsAfterRefresh('team/app')).map(({ tag, problem }) => [tag, problem]))
    .toEqual([
      ['1', undefined],
      ['2', undefined],
    ]);
}

describe('the file of the inventory', () => {
  it('is for its owner alone, with its log', async () => {
    await expectTags();
    for (const ending of ['', '-wal', '-shm'])
      expect((await stat(`${opened.path}${ending}`)).mode & 0o777).toBe(0o600);
  });

  it('is made again when it is removed under a running gate', async () => {
    const before = statSync(opened.path).ino;
    for (const ending of ['', '-wal', '-shm']) await rm(`${opened.path}${ending}`, { force: true });
    opened.inventory.note({ kind: 'pushed', repository: 'team/app', reference: '1', at: Date.now() });
    await expect.poll(() => statSync(opened.path, { throwIfNoEntry: false })?.ino ?? before).not.toBe(before);
    await expectTags();
  });

  it.each([
    ['is no database', (path: string) => writeFile(path, 'x'.repeat(100_000))],
    ['is empty', (path: string) => writeFile(path, '')],
    [
      'is of another version',
      async (path: string) => {
        const database = new Database(path);
        database.execute('PRAGMA user_version = 99');
        database.close();
      },
    ],
    [
      'is about another registry',
      async (path: string) => {
        const database = new Database(path);
        database.run("UPDATE meta SET value = 'elsewhere' WHERE name = 'backend'");
        database.close();
      },
    ],
  ])('is made again at a start where it %s', async (_name, damage) => {
    await expectTags();
    await opened.restart(async (path) => {
      for (const ending of ['-wal', '-shm']) await rm(`${path}${ending}`, { force: true });
      await damage(path);
    });
    await expectTags();
    expect((await opened.inventory.status()).state).not.toBe('absent');
  });
});

describe('hostile content', () => {
  it('is kept short: labels of a megabyte are not kept at all', async () => {
    const app = opened.registry.repository('hostile/labels');
    const config = Buffer.from(
      JSON.stringify({
        os: 'l'.repeat(100_000),
        architecture: 'amd64',
        created: 'never',
        config: { Labels: { a: 'x'.repeat(1_000_000) } },
      }),
    );
    await app.putBlob(blobOf(config), reading(config));
    const mediaType = 'application/vnd.oci.image.manifest.v1+json';
    const manifest = {
      schemaVersion: 2,
      mediaType,
      config: { ...blobOf(config).json, mediaType: 'application/vnd.oci.image.config.v1+json' },
      layers: [],
      annotations: { a: 'y'.repeat(1_000_000) },
    };
    await app.putManifest(storeManifest(Buffer.from(JSON.stringify(manifest)), mediaType), ['1']);
    const before = statSync(opened.path).size;
    const [row] = await tagsAfterRefresh('hostile/labels');
    expect(row).toMatchObject({ tag: '1', created: undefined, problem: undefined });
    expect(JSON.stringify(row).length).toBeLessThan(2000);
    expect(statSync(opened.path).size - before).toBeLessThan(200_000);
  });

  it('of an index with a thousand entries: a part of them is counted', async () => {
    const app = opened.registry.repository('hostile/index');
    const image = await pushImage(app, { layers: ['a'] });
    const entries = Array.from({ length: 1000 }, () => image);
    await pushIndex(app, entries, ['1']);
    const [row] = await tagsAfterRefresh('hostile/index');
    expect(row?.platforms).toEqual(['linux/amd64']);
    expect(row?.total).toBeGreaterThan(1000);
  });

  it('of a manifest that cannot be read: it has a problem, and no size', async () => {
    const app = opened.registry.repository('hostile/manifest');
    const config = Buffer.from('not JSON');
    await app.putBlob(blobOf(config), reading(config));
    const mediaType = 'application/vnd.oci.image.manifest.v1+json';
    const described = { ...blobOf(config).json, mediaType: 'application/vnd.oci.image.config.v1+json' };
    const manifest = { schemaVersion: 2, mediaType, config: described, layers: [] };
    await app.putManifest(storeManifest(Buffer.from(JSON.stringify(manifest)), mediaType), ['1']);
    const [row] = await tagsAfterRefresh('hostile/manifest');
    expect(row?.problem).toContain('config');
    expect([row?.size, row?.total, row?.alone]).toEqual([undefined, undefined, undefined]);
    expect((await opened.inventory.repository('hostile/manifest'))?.size).toBe(0);
  });
});
