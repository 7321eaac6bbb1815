import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Inventory } from '../src/inventory/inventory.ts';
import type { TestInventory } from '../test/support/inventory.ts';
import { median } from './measure.ts';
import { LARGE, tagOfLarge, type LargeRegistry } from './pages-registry.ts';
import { printTable } from './report.ts';

const MIB = 2 ** 20;

/** Waits until everything has been read, and says what that took. */
export async function timeWalk({ inventory }: TestInventory, { tags }: LargeRegistry): Promise<void> {
  const delays = monitorEventLoopDelay({ resolution: 1 });
  delays.enable();
  const cpu = process.cpuUsage();
  const began = performance.now();
  let highest = 0;
  for (;;) {
    const status = await inventory.status();
    const { rows } = await inventory.tags({
      repository: LARGE,
      sort: 'size',
      descending: false,
      limit: 1,
    });
    highest = Math.max(highest, process.memoryUsage.rss());
    if (status.state === 'current' && status.tags === tags && rows[0]?.size !== undefined) break;
    await new Promise((resolve) => void setTimeout(resolve, 1000));
  }
  delays.disable();
  const spent = process.cpuUsage(cpu);
  const { bytes } = await inventory.status();
  const seconds = (performance.now() - began) / 1000;
  const table = printTable(
    [
      'tags read',
      'processor seconds',
      'seconds without pauses',
      'with pauses (as long again)',
      'file',
      'most memory',
      'longest turn of the loop',
    ],
    [
      [
        String(tags),
        ((spent.user + spent.system) / 1e6).toFixed(1),
        seconds.toFixed(0),
        `${(seconds * 2).toFixed(0)} s`,
        `${(bytes / MIB).toFixed(0)} MiB`,
        `${(highest / MIB).toFixed(0)} MiB`,
        `${(delays.max / 1e6).toFixed(0)} ms`,
      ],
    ],
  );
  console.log(`\n${table}\n`);
}

const half = (name: string): boolean => name.length % 2 === 0;

type Question = readonly [
  name: string,
  ask: (inventory: Inventory, large: LargeRegistry) => Promise<unknown>,
];

const LIST = { descending: false, limit: 50, visible: undefined } as const;
const TAGS = { repository: LARGE, descending: true, limit: 50 } as const;

const QUESTIONS: readonly Question[] = [
  ['folders, first page', (it) => it.repositories({ ...LIST, sort: 'name' })],
  ['one folder', (it) => it.repositories({ ...LIST, sort: 'name', folder: 'team-7' })],
  ['all repositories by name', (it) => it.repositories({ ...LIST, sort: 'name', deep: true })],
  ['all repositories by size', (it) => it.repositories({ ...LIST, sort: 'size', deep: true })],
  ['search in all repositories', (it) => it.repositories({ ...LIST, sort: 'pushed', search: '77' })],
  [
    'search, half of them visible',
    (it) => it.repositories({ ...LIST, sort: 'name', search: '77', visible: half }),
  ],
  ['folders, half of them visible', (it) => it.repositories({ ...LIST, sort: 'name', visible: half })],
  ['one repository', (it) => it.repository(LARGE)],
  ['large: tags by version', (it) => it.tags({ ...TAGS, sort: 'version' })],
  ['large: tags by size', (it) => it.tags({ ...TAGS, sort: 'size' })],
  ['large: tags by push', (it) => it.tags({ ...TAGS, sort: 'pushed' })],
  ['large: search in tags', (it) => it.tags({ ...TAGS, sort: 'version', search: '77' })],
  ['large: shares of 100 layers', (it, large) => it.layerShares(LARGE, large.layerDigests(70))],
  [
    'large: what 20 tags free',
    (it) =>
      it.aloneOf(
        LARGE,
        Array.from({ length: 20 }, (_none, at) => tagOfLarge(at)),
      ),
  ],
  ['large: space by tag', (it) => it.spaceOf(LARGE, { limit: 50 })],
  ['space of all', (it) => it.space({ limit: 50, visible: undefined })],
  ['space, half of them visible', (it) => it.space({ limit: 50, visible: half })],
];

/** Asks each question, and prints what that takes. */
export async function askInventory(
  inventory: Inventory,
  large: LargeRegistry,
  rounds: number,
): Promise<void> {
  const before = process.memoryUsage.rss();
  const rows: string[][] = [];
  for (const [name, question] of QUESTIONS) {
    const times: number[] = [];
    let cpu = process.cpuUsage();
    for (let round = 0; round <= rounds; round += 1) {
      const began = performance.now();
      await question(inventory, large);
      times.push(performance.now() - began);
      if (round === 0) cpu = process.cpuUsage();
    }
    const [first = 0, ...warm] = times;
    const { user, system } = process.cpuUsage(cpu);
    const each = (user + system) / 1000 / warm.length;
    rows.push([name, ...[first, median(warm), Math.max(...warm), each].map((value) => value.toFixed(1))]);
  }
  const table = printTable(['question', 'first, ms', 'median, ms', 'longest, ms', 'CPU ms'], rows);
  console.log(`${table}\n`);
  console.log(`memory of the answers: ${((process.memoryUsage.rss() - before) / MIB).toFixed(0)} MiB`);
}
