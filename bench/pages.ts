import { createHash } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { Paths } from '../src/backend/embedded/disk/paths.ts';
import { openToWrite } from '../src/inventory/database/open.ts';
import type { Inventory } from '../src/inventory/inventory.ts';
import { storeManifest } from '../src/inventory/write/manifests.ts';
import { ensureRepository, noteListed } from '../src/inventory/write/repositories.ts';
import { ensureTag, noteChecked, pointTag } from '../src/inventory/write/tags.ts';
import { digestOf, type Digest } from '../src/oci/digest.ts';
import { backendOf } from '../test/support/inner-registry.ts';
import { openTestInventory, type TestInventory } from '../test/support/inventory.ts';
import { temporaryFolder } from '../test/support/programs.ts';
import { median } from './measure.ts';
import { machine, printTable } from './report.ts';

const USAGE = `npm run bench -- pages [--repositories N] [--tags N] [--large N] [--layers N] [--rounds N]

Makes an embedded registry in a folder, and lets the inventory of the pages walk through it without pauses. Then writes an
inventory of a large registry, without the registry, and asks what pages ask.

--walked        how many repositories are walked through, with 3 tags each: 200
--repositories  how many repositories of --tags tags the large one has, with 8 layers, 3 of which all have: 10000, 3
--large         the tags of one more repository, with --layers layers each, 5 of which are its own: 5000, 100
--rounds        how often each question is asked: 20`;

interface Wanted {
  readonly repositories: number;
  readonly tags: number;
  readonly large: number;
  readonly layers: number;
}

const LARGE = 'large/app';
const MIB = 2 ** 20;

async function run(argv: readonly string[]): Promise<void> {
  const number = (value: string): { readonly type: 'string'; readonly default: string } => ({
    type: 'string',
    default: value,
  });
  const { values } = parseArgs({
    args: [...argv],
    options: {
      repositories: number('10000'),
      walked: number('200'),
      tags: number('3'),
      large: number('5000'),
      layers: number('100'),
      rounds: number('20'),
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
  const folder = await temporaryFolder('bench-pages');
  try {
    console.log(`${JSON.stringify(machine())}\n`);
    const data = join(folder.path, 'data');
    const walked = { repositories: Number(values.walked), tags: 3, large: 1, layers: wanted.layers };
    await makeRegistry(data, walked);
    const state = join(folder.path, 'state');
    await mkdir(state);
    const config = { backend: backendOf(`embedded:${data}`) };
    const opened = await openTestInventory(config, state);
    await build(opened, walked);
    await opened.close();
    await removeFiles(state);
    const file = join(state, 'inventory.db');
    await timed('the large inventory was written', () => fill(file, JSON.stringify(config.backend), wanted));
    // A gate that starts, whose file no program has read yet.
    const again = await openTestInventory(config, state);
    await ask(again.inventory, Number(values.rounds));
    const { bytes } = await again.inventory.status();
    console.log(`the file: ${(bytes / MIB).toFixed(0)} MiB`);
    await again.close();
  } finally {
    await folder.close();
  }
}

async function removeFiles(folder: string): Promise<void> {
  await rm(folder, { recursive: true });
  await mkdir(folder);
}

/** Writes what a walk through a registry like that of `makeRegistry` would. */
async function fill(path: string, backend: string, wanted: Wanted): Promise<void> {
  const { database } = await openToWrite({ path, backend });
  for (const { name, tags } of imagesOf(wanted)) {
    database.transaction(() => {
      const id = ensureRepository(database, name);
      for (const { tag, layers } of tags()) {
        const blobs = layers.map((layer) => ({ digest: digestOfLayer(layer), size: sizeOfLayer(layer) }));
        const content = {
          digest: digestOfLayer(`${name}:${tag}`),
          mediaType: 'application/vnd.oci.image.manifest.v1+json',
          artifactType: undefined,
          platforms: ['linux/amd64'],
          size: blobs.reduce((sum, { size }) => sum + size, 0),
          created: 1_735_689_600_000,
          problem: undefined,
          blobs: [...blobs, { digest: digestOfLayer(`config ${name}:${tag}`), size: 7000 }],
        };
        const record = ensureTag(database, id, tag);
        pointTag(database, record, storeManifest(database, id, content));
        noteChecked(database, record.id, Date.now());
      }
      noteListed(database, id, Date.now());
    });
  }
  database.run("INSERT INTO meta VALUES ('walked', ?)", Date.now());
  database.close();
}

interface Planned {
  readonly name: string;
  readonly tags: () => Iterable<{ readonly tag: string; readonly layers: readonly string[] }>;
}

function* imagesOf({ repositories, tags, large, layers }: Wanted): Iterable<Planned> {
  for (let at = 0; at < repositories; at += 1) {
    const name = `team-${at % 50}/service-${at}`;
    const team = ['base 0', 'base 1', `base of team ${at % 50}`];
    const own = (tag: number): string[] =>
      Array.from({ length: 5 }, (_none, layer) => `${name} ${tag} ${layer}`);
    yield {
      name,
      tags: () =>
        Array.from({ length: tags }, (_none, tag) => ({ tag: `1.${tag}.0`, layers: [...team, ...own(tag)] })),
    };
  }
  const shared = (tag: number): string[] =>
    Array.from({ length: layers - 5 }, (_none, layer) => `large ${layer} ${tag >> 6}`);
  const own = (tag: number): string[] =>
    Array.from({ length: 5 }, (_none, layer) => `large own ${tag} ${layer}`);
  yield {
    name: LARGE,
    tags: () =>
      Array.from({ length: large }, (_none, tag) => ({
        tag: `${1 + (tag >> 8)}.${tag & 255}.0`,
        layers: [...shared(tag), ...own(tag)],
      })),
  };
}

function digestOfLayer(layer: string): string {
  return `sha256:${createHash('sha256').update(layer).digest('hex')}`;
}

function sizeOfLayer(layer: string): number {
  return 1000 + (Buffer.from(layer).reduce((sum, byte) => (sum * 31 + byte) % 2 ** 40, 7) % 50_000_000);
}

async function timed(what: string, work: () => Promise<unknown>): Promise<void> {
  const began = performance.now();
  await work();
  console.log(`${what}: ${((performance.now() - began) / 1000).toFixed(1)} s`);
}

/** Manifests and configs are written, layers are not: nobody reads them. */
async function makeRegistry(folder: string, wanted: Wanted): Promise<void> {
  const paths = new Paths(folder);
  for (const needed of [paths.staging, paths.uploads]) await mkdir(needed, { recursive: true });
  for (const { name, tags } of imagesOf(wanted))
    for (const { tag, layers } of tags()) await putImage(paths, name, tag, layers);
}

async function putImage(paths: Paths, name: string, tag: string, layers: readonly string[]): Promise<void> {
  const config = JSON.stringify({
    os: 'linux',
    architecture: 'amd64',
    created: '2025-01-01T00:00:00Z',
    config: { Labels: { of: `${name}:${tag}`, text: 'x'.repeat(500) } },
  });
  const configDigest = await putBlob(paths, config);
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: {
      mediaType: 'application/vnd.oci.image.config.v1+json',
      digest: configDigest.text,
      size: config.length,
    },
    layers: layers.map((layer) => ({
      mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
      digest: digestOfLayer(layer),
      size: sizeOfLayer(layer),
    })),
  });
  const digest = await putBlob(paths, manifest);
  await put(paths.layer(name, configDigest), configDigest.text);
  await put(paths.revision(name, digest), digest.text);
  await put(join(paths.tag(name, tag), 'current/link'), digest.text);
}

async function putBlob(paths: Paths, text: string): Promise<Digest> {
  const digest = digestOf('sha256', Buffer.from(text));
  await put(paths.blob(digest), text);
  return digest;
}

async function put(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}

/** Waits until everything has been read, and says what that took. */
async function build({ inventory }: TestInventory, wanted: Wanted): Promise<void> {
  const tags = wanted.repositories * wanted.tags + wanted.large;
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
      'with pauses (4 times as long)',
      'file',
      'most memory',
      'longest turn of the loop',
    ],
    [
      [
        String(tags),
        ((spent.user + spent.system) / 1e6).toFixed(1),
        seconds.toFixed(0),
        `${((seconds * 5) / 60).toFixed(0)} min`,
        `${(bytes / MIB).toFixed(0)} MiB`,
        `${(highest / MIB).toFixed(0)} MiB`,
        `${(delays.max / 1e6).toFixed(0)} ms`,
      ],
    ],
  );
  console.log(`\n${table}\n`);
}

const half = (name: string): boolean => name.length % 2 === 0;

type Question = readonly [name: string, ask: (inventory: Inventory) => Promise<unknown>];

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
  ['large: shares of 100 layers', (it) => it.layerShares(LARGE, digestsOf())],
  [
    'large: what 20 tags free',
    (it) =>
      it.aloneOf(
        LARGE,
        Array.from({ length: 20 }, (_none, at) => `1.${at}.0`),
      ),
  ],
  ['large: space by tag', (it) => it.spaceOf(LARGE, { limit: 50 })],
  ['space of all', (it) => it.space({ limit: 50, visible: undefined })],
  ['space, half of them visible', (it) => it.space({ limit: 50, visible: half })],
];

function digestsOf(): readonly string[] {
  return Array.from({ length: 100 }, (_none, layer) => digestOfLayer(`large ${layer} 1`));
}

async function ask(inventory: Inventory, rounds: number): Promise<void> {
  const before = process.memoryUsage.rss();
  const rows: string[][] = [];
  for (const [name, question] of QUESTIONS) {
    const times: number[] = [];
    let cpu = process.cpuUsage();
    for (let round = 0; round <= rounds; round += 1) {
      const began = performance.now();
      await question(inventory);
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

await run(process.argv.slice(2));
