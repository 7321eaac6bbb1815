import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openGateInventory } from '../../src/app/pages/gate-inventory.ts';
import { createLog } from '../../src/observe/access-log.ts';
import { startBus } from '../cluster/bus-fixture.ts';
import { backendOf, openInner } from '../support/inner-registry.ts';
import { temporaryFolder } from '../support/programs.ts';
import { pushImage } from '../support/push-image.ts';

const PAGE = { sort: 'name', descending: false, limit: 10 } as const;

it('two workers have one inventory: one keeps the file, the other tells it what has passed, and asks it to look', async () => {
  const folder = await temporaryFolder('inventory-workers');
  const state = join(folder.path, 'state');
  await mkdir(state);
  const config = { backend: backendOf(`embedded:${join(folder.path, 'data')}`) };
  const inner = await openInner(config, state);
  const { buses } = startBus(2);
  const logger = createLog({ level: 'error', destination: { write: () => undefined } });
  const [first, second] = buses.map((bus) =>
    openGateInventory({ config: { ...config, state }, bus, door: inner.door, logger }),
  );
  if (first === undefined || second === undefined) throw new Error('two were started');
  const tags = async (inventory: typeof first) =>
    (await inventory.tags({ ...PAGE, repository: 'team/app' })).rows.map(({ tag, pushedBy }) => [
      tag,
      pushedBy,
    ]);
  await pushImage(inner.registry.repository('team/app'), { layers: ['one'], tags: ['1', '2'] });
  second.note({ kind: 'pushed', repository: 'team/app', reference: '1', by: 'bob', at: Date.now() });
  await second.refresh('team/app', PAGE, 600_000);
  await expect
    .poll(() => tags(second))
    .toEqual([
      ['1', 'bob'],
      ['2', undefined],
    ]);
  expect(await tags(first)).toEqual(await tags(second));
  expect((await readdir(state)).filter((name) => name.endsWith('.db'))).toHaveLength(1);
  await second.close();
  await first.close();
  await inner.close();
  await folder.close();
});
