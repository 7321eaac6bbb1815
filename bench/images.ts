import { createCipheriv, randomBytes } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { gzip } from 'node:zlib';
import {
  contentOf,
  describeContent,
  digestOf,
  jsonContent,
  OCI,
  type Content,
} from '../test/support/image-content.ts';
import { pushKind } from '../test/support/place-kinds.ts';
import { temporaryFolder } from '../test/support/programs.ts';
import { isInstalled } from '../test/support/requires.ts';
import { registryFile } from './configurations.ts';
import { freePort, startDaemon, type Daemon } from './daemon.ts';
import { MIB } from './fixture.ts';
import { runAll, TOOLS, type Taken, type Tool, type Words } from './image-tools.ts';
import { median } from './measure.ts';
import { machine, printTable } from './report.ts';

const USAGE = `npm run bench -- images [CASE...] [--rounds N] [--megabytes N] [--count N] [--json FILE]

Sets "registry-gate images" beside crane and skopeo: wall time, processor time and memory of the command, start included.
Registries are docker-registry on loopback. In each round one tool works after the other, in an order that goes round.

Cases (without any: all):
  mount          an image into another repository of its registry
  between        an image into another registry
  save, load     an image into a file, with its layers as they are, and back
  docker         an image into a file that old docker engines load, with uncompressed layers
  save-many, load-many
                 many small images; skopeo puts each into a file of its own, crane loads them from such

--megabytes   size of the image, 1000 if nothing is said
--count       how many small images, 200 if nothing is said`;

interface Place {
  readonly daemon: Daemon;
  readonly host: string;
  readonly data: string;
}

interface Stage {
  readonly folder: string;
  readonly source: Place;
  readonly target: Place;
  readonly count: number;
}

interface Case {
  readonly name: string;
  /** Undefined where the tool does not do that. `unique` is another text each time. */
  commands(tool: Tool, stage: Stage, unique: string): readonly Words[] | undefined;
  /** Before each measurement. */
  before?(tool: Tool, stage: Stage): Promise<unknown>;
}

const big = ({ source }: Stage): string => `${source.host}/bench/big:1`;
const fileOf = ({ name }: Tool, { folder }: Stage): string => join(folder, `${name}.tar`);
const smallOnes = ({ host }: Place, { count }: Stage): string[] =>
  Array.from({ length: count }, (_, at) => `${host}/bench/small-${at}:1`);

const CASES: readonly Case[] = [
  {
    name: 'mount',
    commands: (tool, stage, unique) => tool.copy(big(stage), `${stage.source.host}/bench/${unique}:1`),
  },
  {
    name: 'between',
    before: (_tool, { target }) => forgetAll(target),
    commands: (tool, stage, unique) => tool.copy(big(stage), `${stage.target.host}/bench/${unique}:1`),
  },
  {
    name: 'save',
    before: removeFiles,
    commands: (tool, stage) => tool.save([big(stage)], fileOf(tool, stage)),
  },
  {
    name: 'load',
    before: async (tool, stage) => {
      await removeFiles(tool, stage);
      await runAll(tool.save([big(stage)], fileOf(tool, stage)));
      await forgetAll(stage.target);
    },
    commands: (tool, stage) => tool.load(fileOf(tool, stage), [`${stage.target.host}/bench/big:1`]),
  },
  {
    name: 'docker',
    before: removeFiles,
    commands: (tool, stage) => tool.saveForDocker?.(big(stage), fileOf(tool, stage)),
  },
  {
    name: 'save-many',
    before: removeFiles,
    commands: (tool, stage) => tool.save(smallOnes(stage.source, stage), fileOf(tool, stage)),
  },
  {
    name: 'load-many',
    before: async (tool, stage) => {
      await removeFiles(tool, stage);
      const save = tool.saveEach ?? tool.save;
      await runAll(save(smallOnes(stage.source, stage), fileOf(tool, stage)));
      await forgetAll(stage.target);
    },
    commands: (tool, stage) => tool.load(fileOf(tool, stage), smallOnes(stage.target, stage)),
  },
];

async function removeFiles(tool: Tool, stage: Stage): Promise<void> {
  const names = [
    fileOf(tool, stage),
    ...Array.from({ length: stage.count }, (_, at) => `${fileOf(tool, stage)}-${at}`),
  ];
  await Promise.all(names.map((name) => rm(name, { force: true })));
}

/** docker-registry has nothing in memory that it would miss. */
async function forgetAll({ data }: Place): Promise<void> {
  await rm(join(data, 'docker'), { recursive: true, force: true });
}

async function openPlace(folder: string, name: string): Promise<Place> {
  const port = await freePort();
  const data = join(folder, name);
  await mkdir(data);
  const config = join(folder, `${name}.yml`);
  await writeFile(config, registryFile(port, data));
  const daemon = await startDaemon(['docker-registry', 'serve', config], {
    port,
    log: join(folder, `${name}.log`),
  });
  return { daemon, host: `127.0.0.1:${port}`, data };
}

const LAYERS = 8;
const squeeze = promisify(gzip);

/** Half noise, half text, packed as docker packs it. */
async function layerOf(bytes: number): Promise<{ readonly blob: Content; readonly diffId: string }> {
  const noise = createCipheriv('aes-128-ctr', randomBytes(16), randomBytes(16)).update(
    Buffer.alloc(bytes / 2),
  );
  const tar = Buffer.concat([noise, Buffer.alloc(bytes / 2, 'All work and no play. ')]);
  return {
    blob: contentOf(`${OCI}.layer.v1.tar+gzip`, await squeeze(tar, { level: 1 })),
    diffId: digestOf(tar),
  };
}

/** Pushes an image of so many bytes, uncompressed. */
async function pushImage({ host }: Place, name: string, bytes: number): Promise<void> {
  const count = bytes > MIB ? LAYERS : 2;
  const layers = [];
  for (let at = 0; at < count; at += 1) layers.push(await layerOf(Math.round(bytes / count / 2) * 2));
  const config = jsonContent(`${OCI}.config.v1+json`, {
    architecture: 'amd64',
    os: 'linux',
    config: {},
    rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
  });
  const mediaType = `${OCI}.manifest.v1+json`;
  const root = jsonContent(mediaType, {
    schemaVersion: 2,
    mediaType,
    config: describeContent(config),
    layers: layers.map(({ blob }) => describeContent(blob)),
  });
  const blobs = [config, ...layers.map(({ blob }) => blob)];
  const image = { name: 'oci', blobs, manifests: [root], root, tags: new Map(), referrers: [] } as const;
  await pushKind(`http://${host}`, name, image);
}

interface Row {
  readonly case: string;
  readonly tool: string;
  readonly taken: readonly Taken[];
}

async function measure(
  one: Case,
  tools: readonly Tool[],
  stage: Stage,
  rounds: number,
): Promise<readonly Row[]> {
  const able = tools.filter((tool) => one.commands(tool, stage, 'x') !== undefined);
  const taken = new Map<string, Taken[]>(able.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    const first = round % able.length;
    for (const tool of [...able.slice(first), ...able.slice(0, first)]) {
      await one.before?.(tool, stage);
      const commands = one.commands(tool, stage, `${tool.name}-${one.name}-${round}`) ?? [];
      taken.get(tool.name)?.push(await runAll(commands));
      await removeFiles(tool, stage);
    }
  }
  return [...taken].map(([tool, samples]) => ({ case: one.name, tool, taken: samples }));
}

function tableOf(rows: readonly Row[]): string {
  const lines = rows.map((row) => {
    const of = (figure: (taken: Taken) => number): number => median(row.taken.map(figure));
    return [
      `${row.case}, ${row.tool}`,
      of(({ wall }) => wall).toFixed(2),
      of(({ cpu }) => cpu).toFixed(2),
      `${Math.round(Math.max(...row.taken.map(({ peak }) => peak)) / 1e6)} MB`,
    ];
  });
  return printTable(['', 'wall s', 'CPU s', 'memory'], lines);
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '3' },
    megabytes: { type: 'string', default: '1000' },
    count: { type: 'string', default: '200' },
    json: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  },
});
const chosen = positionals.length === 0 ? CASES : CASES.filter(({ name }) => positionals.includes(name));
if (values.help === true || chosen.length < positionals.length) {
  console.log(USAGE);
  process.exitCode = values.help === true ? 0 : 2;
} else await main();

async function main(): Promise<void> {
  console.log(`${JSON.stringify(machine())}\n`);
  const tools = TOOLS.filter(({ needs }) => needs.every(isInstalled));
  const folder = await temporaryFolder('bench');
  const source = await openPlace(folder.path, 'source');
  const target = await openPlace(folder.path, 'target');
  try {
    const stage = { folder: folder.path, source, target, count: Number(values.count) };
    await pushImage(source, 'bench/big', Number(values.megabytes) * 1e6);
    if (chosen.some(({ name }) => name.endsWith('-many')))
      for (let at = 0; at < stage.count; at += 1) await pushImage(source, `bench/small-${at}`, 100_000);
    const all: Row[] = [];
    for (const one of chosen) {
      const rows = await measure(one, tools, stage, Number(values.rounds));
      all.push(...rows);
      console.log(`${tableOf(rows)}\n`);
    }
    if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(all, undefined, 2)}\n`);
  } finally {
    await source.daemon.close();
    await target.daemon.close();
    await folder.close();
  }
}
