import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { backendOf } from '../test/support/inner-registry.ts';
import { openTestInventory } from '../test/support/inventory.ts';
import { temporaryFolder } from '../test/support/programs.ts';
import { askPages } from './pages-http.ts';
import { askInventory, timeWalk } from './pages-inventory.ts';
import { LargeRegistry, type Wanted } from './pages-registry.ts';
import { machine } from './report.ts';

const USAGE = `npm run bench -- pages [inventory] [http] [OPTION...]

http        Makes a large registry, starts the gate over it, once with the registry inside and once with docker-registry behind
            it, and asks for each page: the first time after a start, and many times.
inventory   Lets the inventory of the pages walk through a small registry without pauses. Then writes an inventory of a large
            registry, without the registry, and asks what pages ask.

Without a name: both.

--repositories  how many repositories of --tags tags the large registry has, with 8 layers, 3 of which others have: 10000, 3
--large         the tags of one more repository, with --layers layers each, 5 of which are its own: 5000, 100
--walked        how many repositories are walked through, with 3 tags each: 200
--rounds        how often each question is asked, and each page: 200
--behind        embedded, docker-registry or both: both

GATE_MAIN names another build of the gate, such as dist/main.js, in place of src/main.ts.`;

const MIB = 2 ** 20;

async function run(argv: readonly string[]): Promise<void> {
  const number = (value: string): { readonly type: 'string'; readonly default: string } => ({
    type: 'string',
    default: value,
  });
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      repositories: number('10000'),
      walked: number('200'),
      tags: number('3'),
      large: number('5000'),
      layers: number('100'),
      rounds: number('200'),
      behind: { type: 'string', default: 'both' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return;
  }
  const wanted = {
    repositories: Number(values.repositories),
    tags: Number(values.tags),
    large: Number(values.large),
    layers: Number(values.layers),
  };
  const rounds = Number(values.rounds);
  const parts = positionals.length === 0 ? ['inventory', 'http'] : positionals;
  console.log(`${JSON.stringify(machine())}\n`);
  if (parts.includes('inventory')) await measureInventory(wanted, Number(values.walked), rounds);
  if (parts.includes('http')) await askPages(wanted, rounds, values.behind);
}

async function measureInventory(wanted: Wanted, walked: number, rounds: number): Promise<void> {
  const folder = await temporaryFolder('bench-pages');
  try {
    const data = join(folder.path, 'data');
    const small = await LargeRegistry.plan({ ...wanted, repositories: walked, tags: 3, large: 1 });
    small.write(data);
    const state = join(folder.path, 'state');
    await mkdir(state);
    const config = { backend: backendOf(`embedded:${data}`) };
    const opened = await openTestInventory(config, state);
    await timeWalk(opened, small);
    await opened.close();
    await rm(state, { recursive: true });
    await mkdir(state);
    const large = await LargeRegistry.plan(wanted);
    await large.fill(join(state, 'inventory.db'), JSON.stringify(config.backend));
    // A gate that starts, whose file no program has read yet.
    const again = await openTestInventory(config, state);
    await askInventory(again.inventory, large, rounds);
    const { bytes } = await again.inventory.status();
    console.log(`the file: ${(bytes / MIB).toFixed(0)} MiB`);
    await again.close();
  } finally {
    await folder.close();
  }
}

await run(process.argv.slice(2));
