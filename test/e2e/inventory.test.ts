import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Inventory, RepositoriesPage, TagRow } from '../../src/inventory/inventory.ts';
import { backendOf, openInner } from '../support/inner-registry.ts';
import { openTestInventory, type TestInventory } from '../support/inventory.ts';
import { temporaryFolder, type Folder } from '../support/programs.ts';
import { pushImage, pushIndex } from '../support/push-image.ts';
import { startRegistry } from '../support/registry.ts';
import { describeWith } from '../support/requires.ts';

let folder: Folder;
beforeAll(async () => {
  folder = await temporaryFolder('inventory-e2e');
});
afterAll(() => folder.close());

interface Place {
  readonly url: string;
  close(): Promise<void>;
}

const PLACES: readonly { readonly name: string; readonly open: () => Promise<Place> }[] = [
  { name: 'docker-registry', open: () => startRegistry() },
  {
    name: 'the embedded registry',
    open: async () => ({ url: `embedded:${join(folder.path, 'embedded')}`, close: async () => undefined }),
  },
];

function repositories(inventory: Inventory): Promise<RepositoriesPage> {
  return inventory.repositories({
    sort: 'name',
    descending: false,
    deep: true,
    limit: 100,
    visible: undefined,
  });
}

async function tagsOf(inventory: Inventory, repository: string): Promise<readonly TagRow[]> {
  return (await inventory.tags({ repository, sort: 'version', descending: true, limit: 100 })).rows;
}

const PAGE = { sort: 'version', descending: true, limit: 100 } as const;

describeWith(['docker-registry'], 'the inventory', () => {
  describe.each(PLACES)('of $name', ({ name, open }) => {
    let place: Place;
    let opened: TestInventory;
    beforeAll(async () => {
      place = await open();
      const state = join(folder.path, `state of ${name}`);
      await mkdir(state);
      // What is there before the gate is found by the walk.
      const config = { backend: backendOf(place.url) };
      const before = await openInner(config, state);
      const app = before.registry.repository('team/app');
      const images = [
        await pushImage(app, { layers: ['base', 'one'], tags: ['1.9'], created: '2024-05-01T00:00:00Z' }),
        await pushImage(app, {
          layers: ['base', 'two'],
          tags: ['1.10'],
          platform: { os: 'linux', architecture: 'arm64' },
        }),
      ];
      await pushIndex(app, images, ['2.0']);
      await pushImage(before.registry.repository('team/tools/lint'), { layers: ['base'], tags: ['x'] });
      await pushImage(before.registry.repository('alone'), { layers: ['only here'], tags: ['x', 'y'] });
      await before.close();
      opened = await openTestInventory(config, state);
    });
    afterAll(async () => {
      await opened.close();
      await place.close();
    });

    it('finds by a walk what was there before', async () => {
      await expect.poll(async () => (await opened.inventory.status()).state).toBe('current');
      await expect
        .poll(async () => (await repositories(opened.inventory)).rows.map(({ complete }) => complete))
        .toEqual([true, true, true]);
      const { rows, total, folders } = await repositories(opened.inventory);
      expect(rows.map((row) => [row.name, row.tags])).toEqual([
        ['alone', 2],
        ['team/app', 3],
        ['team/tools/lint', 1],
      ]);
      expect([total, folders]).toEqual([3, []]);
      const tags = await tagsOf(opened.inventory, 'team/app');
      expect(tags.map(({ tag, platforms }) => [tag, platforms])).toEqual([
        ['2.0', ['linux/amd64', 'linux/arm64']],
        ['1.10', ['linux/arm64']],
        ['1.9', ['linux/amd64']],
      ]);
      expect(tags[2]?.created).toEqual(new Date('2024-05-01T00:00:00Z'));
      // What the index needs is what it lists, and itself.
      const [all, second, first] = tags;
      expect(all?.total).toBeGreaterThan((first?.total ?? 0) + (second?.total ?? 0) - 'base'.length - 1);
      expect([first?.alone, second?.alone]).toEqual([0, 0]);
      expect((await opened.inventory.repository('team/app'))?.size).toBe(all?.total);
    });

    it('shows folders, and what is right in one', async () => {
      const at = async (folderName: string) => {
        const page = await opened.inventory.repositories({
          sort: 'name',
          descending: false,
          folder: folderName,
          limit: 10,
          visible: undefined,
        });
        return [page.rows.map((row) => row.name), page.folders.map((row) => [row.folder, row.repositories])];
      };
      expect(await at('')).toEqual([['alone'], [['team', 2]]]);
      expect(await at('team')).toEqual([['team/app'], [['team/tools', 1]]]);
      expect(await at('team/tools')).toEqual([['team/tools/lint'], []]);
    });

    it('knows at once what is pushed through the gate, by whom, and pulled', async () => {
      const { inventory, registry } = opened;
      const image = await pushImage(registry.repository('new/app'), { layers: ['new'], tags: ['1'] });
      const at = Date.now();
      inventory.note({ kind: 'pushed', repository: 'new/app', reference: '1', by: 'alice', at });
      await expect
        .poll(async () => (await tagsOf(inventory, 'new/app'))[0])
        .toMatchObject({ tag: '1', digest: image.digest.text, pushedBy: 'alice', pushed: new Date(at) });
      expect(await inventory.repository('new/app')).toMatchObject({ pushedBy: 'alice' });
      inventory.note({ kind: 'pulled', repository: 'new/app', reference: image.digest.text, at: at + 1 });
      await expect
        .poll(async () => (await tagsOf(inventory, 'new/app'))[0]?.pulled)
        .toEqual(new Date(at + 1));
    });

    it('forgets what is deleted through the gate', async () => {
      const { inventory, registry } = opened;
      const repository = 'gone/app';
      const gone = await pushImage(registry.repository(repository), { layers: ['1'], tags: ['1', '2'] });
      const noted = { repository, by: 'alice', at: Date.now() };
      for (const reference of ['1', '2']) inventory.note({ ...noted, kind: 'pushed', reference });
      await expect.poll(async () => (await tagsOf(inventory, repository))[1]?.digest).toBe(gone.digest.text);
      inventory.note({ ...noted, kind: 'deleted', reference: '1' });
      await expect
        .poll(async () => (await tagsOf(inventory, repository)).map(({ tag }) => tag))
        .toEqual(['2']);
      await registry.repository(repository).deleteManifest(gone.digest.text);
      inventory.note({ ...noted, kind: 'deleted', reference: gone.digest.text });
      await expect.poll(() => inventory.repository(repository)).toBeUndefined();
    });

    it('sees with a page what has changed without it', async () => {
      const { inventory, registry } = opened;
      const app = registry.repository('behind/app');
      const first = await pushImage(app, { layers: ['first'], tags: ['1', 'old'] });
      await inventory.refresh('behind/app', PAGE, 60_000);
      expect((await tagsOf(inventory, 'behind/app')).map(({ tag, digest }) => [tag, digest])).toEqual([
        ['1', first.digest.text],
        ['old', first.digest.text],
      ]);
      const second = await pushImage(app, { layers: ['second'], tags: ['1'] });
      await app.deleteManifest(first.digest.text);
      await expect
        .poll(async () => {
          await inventory.refresh('behind/app', PAGE, 60_000);
          return (await tagsOf(inventory, 'behind/app')).map(({ tag, digest }) => [tag, digest]);
        })
        .toEqual([['1', second.digest.text]]);
      await inventory.refresh('never/was', PAGE, 60_000);
      expect(await inventory.repository('never/was')).toBeUndefined();
    });

    it('tells nothing of what may not be seen', async () => {
      const visible = (repository: string): boolean => repository.startsWith('team/');
      const query = { sort: 'size', descending: true, limit: 100, visible } as const;
      const page = await opened.inventory.repositories({ ...query, deep: true });
      expect([page.total, page.rows.map((row) => row.name)]).toEqual([2, ['team/app', 'team/tools/lint']]);
      const { folders } = await opened.inventory.repositories(query);
      expect(folders.map((row) => [row.folder, row.repositories])).toEqual([['team', 2]]);
      expect((await opened.inventory.repositories({ ...query, search: 'alone' })).total).toBe(0);
      const space = await opened.inventory.space({ limit: 10, visible: (one) => one === 'team/tools/lint' });
      // Its base is in team/app too, of which this one may not know.
      expect(space).toMatchObject({ total: 1, shared: 0 });
      expect(space.rows[0]?.alone).toBe(space.rows[0]?.size);
      expect((await opened.inventory.space({ limit: 10, visible })).shared).toBeGreaterThan(0);
    });

    it('counts layers in the tags of a repository, and what their removal frees', async () => {
      const base = (await opened.registry.repository('team/app').readManifest('1.9'))?.bytes.toString() ?? '';
      const { layers } = JSON.parse(base) as { layers: { digest: string; size: number }[] };
      const digests = layers.map(({ digest }) => digest);
      expect([...(await opened.inventory.layerShares('team/app', digests)).values()]).toEqual([3, 2]);
      expect(await opened.inventory.aloneOf('team/app', ['1.9'])).toBe(0);
      const size = (await opened.inventory.repository('team/app'))?.size;
      expect(await opened.inventory.aloneOf('team/app', ['1.9', '1.10', '2.0'])).toBe(size);
    });
  });
});
