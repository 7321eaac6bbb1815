import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { NODE_FLAGS } from './contenders.ts';
import { peakBytes } from './cpu.ts';
import { BUILT } from './fixture.ts';

/** A command line. */
export type Words = readonly [string, ...string[]];

/** What commands took together. */
export interface Taken {
  /** Seconds from the first start to the last end. */
  readonly wall: number;
  /** Seconds of processor time, user and system, of the processes and their children. */
  readonly cpu: number;
  /** The largest resident size of one of them, in bytes. */
  readonly peak: number;
}

/** Where an image is: `HOST:PORT/NAME`, with a tag, or a file. */
export interface Tool {
  readonly name: 'gate' | 'crane' | 'skopeo';
  readonly needs: readonly string[];
  /** From registry to registry. */
  copy(source: string, target: string): readonly Words[];
  /** Into one file; layers stay compressed. */
  save(sources: readonly string[], file: string): readonly Words[];
  /** How images are saved that `load` is to read, where `save` can't do it. */
  readonly saveEach?: (sources: readonly string[], file: string) => readonly Words[];
  /** What `save` wrote, back into a registry: `targets` are the names in the order of `save`. */
  load(file: string, targets: readonly string[]): readonly Words[];
  /** Into one file that old docker engines load; layers are uncompressed. Undefined where the tool does not do that. */
  readonly saveForDocker: ((source: string, file: string) => readonly Words[]) | undefined;
}

const FLAGS = (process.env['GATE_NODE_FLAGS'] ?? NODE_FLAGS).split(' ').filter((flag) => flag !== '');
const MAIN = process.env['GATE_MAIN'] ?? BUILT;

function gate(...args: readonly string[]): Words {
  return [process.execPath, ...FLAGS, MAIN, 'images', ...args, '--plain-http'];
}

const QUIET = ['--insecure-policy', '-q'];
const PLAIN_SOURCE = ['--src-tls-verify=false'];
const PLAIN_TARGET = ['--dest-tls-verify=false'];

function skopeo(...args: readonly string[]): Words {
  return ['skopeo', 'copy', ...QUIET, ...args];
}

export const TOOLS: readonly Tool[] = [
  {
    name: 'gate',
    needs: [],
    copy: (source, target) => [gate('copy', source, target)],
    save: (sources, file) => [gate('save', ...sources, '--output', file)],
    load: (file, targets) => [gate('load', '--input', file, '--into', registryOf(targets))],
    saveForDocker: (source, file) => [gate('copy', source, `docker-archive:${file}`)],
  },
  {
    name: 'crane',
    needs: ['crane'],
    copy: (source, target) => [['crane', 'copy', source, target]],
    save: (sources, file) => [['crane', 'pull', ...sources, file]],
    // It pushes nothing from a file of several images.
    saveEach: (sources, file) =>
      sources.map((source) => ['crane', 'pull', source, fileOf(file, sources, source)]),
    load: (file, targets) =>
      targets.map((target) => ['crane', 'push', fileOf(file, targets, target), target]),
    saveForDocker: undefined,
  },
  {
    name: 'skopeo',
    needs: ['skopeo'],
    copy: (source, target) => [
      skopeo(...PLAIN_SOURCE, ...PLAIN_TARGET, `docker://${source}`, `docker://${target}`),
    ],
    save: (sources, file) =>
      sources.map((source) =>
        skopeo(...PLAIN_SOURCE, `docker://${source}`, `oci-archive:${fileOf(file, sources, source)}`),
      ),
    load: (file, targets) =>
      targets.map((target) =>
        skopeo(...PLAIN_TARGET, `oci-archive:${fileOf(file, targets, target)}`, `docker://${target}`),
      ),
    saveForDocker: (source, file) => [
      skopeo(...PLAIN_SOURCE, `docker://${source}`, `docker-archive:${file}`),
    ],
  },
];

/** skopeo puts one image into each archive. */
function fileOf(file: string, names: readonly string[], name: string): string {
  return names.length === 1 ? file : `${file}-${names.indexOf(name)}`;
}

function registryOf([name = '']: readonly string[]): string {
  return name.slice(0, name.indexOf('/'));
}

/** Runs commands one after the other. Throws with the output of the first that fails. */
export async function runAll(commands: readonly Words[]): Promise<Taken> {
  const cpu = childSeconds();
  const start = performance.now();
  let peak = 0;
  for (const command of commands) peak = Math.max(peak, await runOne(command));
  return { wall: (performance.now() - start) / 1000, cpu: childSeconds() - cpu, peak };
}

const LOOK_MS = 20;

function runOne([program, ...args]: Words): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const said: string[] = [];
    let peak = 0;
    const timer = setInterval(() => {
      peak = Math.max(peak, peakBytes([child.pid ?? 0]));
    }, LOOK_MS);
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => said.push(text));
    child.once('error', (error) => (clearInterval(timer), reject(error)));
    child.once('close', (code) => {
      clearInterval(timer);
      if (code === 0) resolve(peak);
      else reject(new Error(`${program} ${args.join(' ')}: ${code}\n${said.join('')}`));
    });
  });
}

const TICKS = 100;

/** User and system time of the children that have ended, and of theirs. */
function childSeconds(): number {
  const fields = readFileSync('/proc/self/stat', 'utf8').split(') ').pop()?.split(' ').map(Number) ?? [];
  return ((fields[13] ?? 0) + (fields[14] ?? 0)) / TICKS;
}
