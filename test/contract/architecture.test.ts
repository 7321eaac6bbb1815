import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { describe, expect, it } from 'vitest';

const SRC = resolve(import.meta.dirname, '../../src');

/** room -> rooms it may import. The direction of the whole program, in one table. */
const DIRECTION: Record<string, readonly string[]> = {
  lib: [],
  oci: ['lib'],
  images: ['lib', 'oci'],
  inventory: ['lib', 'oci', 'images'],
  limits: ['lib'],
  cluster: ['lib'],
  config: ['lib'],
  pki: ['lib'],
  observe: ['lib', 'oci'],
  audit: ['lib', 'oci', 'observe'],
  auth: ['lib', 'oci'],
  doctor: ['lib', 'oci', 'images', 'pki'],
  backend: ['lib', 'oci'],
  pages: ['lib', 'oci', 'images', 'audit', 'auth', 'inventory'],
  http: ['lib', 'oci', 'limits', 'config', 'pki', 'auth', 'observe'],
  pipeline: ['lib', 'oci', 'limits', 'cluster', 'pki', 'auth', 'observe', 'backend', 'http', 'pages'],
  app: [
    'lib',
    'oci',
    'images',
    'inventory',
    'limits',
    'cluster',
    'config',
    'pki',
    'observe',
    'audit',
    'auth',
    'backend',
    'http',
    'pages',
    'pipeline',
  ],
  cli: [
    'lib',
    'oci',
    'images',
    'cluster',
    'config',
    'pki',
    'observe',
    'audit',
    'auth',
    'doctor',
    'backend',
    'app',
  ],
  'main.ts': ['lib', 'cli'],
  'index.ts': ['lib', 'oci', 'config', 'auth', 'app'],
};

/** As many files as one looks through at a glance. */
const MOST_FILES = 16;

/** package -> the one folder that may import it, with the folders in it. */
const DOORS: Record<string, string> = {
  express: 'pipeline',
  helmet: 'pipeline',
  'hono/html': 'pages/text',
  'http-proxy-middleware': 'backend/proxy',
  'node-forge': 'pki/x509',
  'apache-md5': 'auth/passwords',
  bcrypt: 'auth/passwords',
  pino: 'observe',
  'prom-client': 'observe/metrics',
  '@opentelemetry/api': 'observe/tracing',
  '@opentelemetry/exporter-trace-otlp-http': 'observe/tracing',
  '@opentelemetry/resources': 'observe/tracing',
  '@opentelemetry/sdk-trace': 'observe/tracing',
  jose: 'auth/tokens',
  'rate-limiter-flexible': 'auth/abuse',
  '@redis/client': 'auth/abuse',
  zod: 'config',
  semver: 'images/tags',
  yaml: 'config',
  commander: 'cli',
  'node:cluster': 'cluster',
  'node:sqlite': 'inventory',
};

const FORBIDDEN_NAMES = /^(utils?|helpers?|common|misc|manager)s?(\.ts)?$/;

const EXPORT = /^export (?:abstract |async )*(?:function\*?|class|const|let|interface|type) (\w+)/gm;

interface Source {
  readonly path: string;
  readonly room: string;
  readonly text: string;
  readonly imports: readonly string[];
}

const sources: readonly Source[] = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path) => {
    const text = readFileSync(join(SRC, path), 'utf8');
    return { path, room: roomOf(path), text, imports: importsOf(text) };
  });

/** What uses the sources beside themselves. */
const tests: readonly { readonly path: string; readonly text: string }[] = ['test', 'bench'].flatMap(
  (folder) =>
    readdirSync(join(SRC, '..', folder), { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.ts'))
      .map((path) => ({
        path: join(folder, path),
        text: readFileSync(join(SRC, '..', folder, path), 'utf8'),
      })),
);

function roomOf(path: string): string {
  return path.split(sep)[0] ?? path;
}

function importsOf(text: string): string[] {
  const declared = text.matchAll(/^(?:import|export)\b[^;']*?\bfrom\s+'([^']+)'|^import\s+'([^']+)'/gm);
  const dynamic = text.matchAll(/\bimport\(\s*'([^']+)'/g);
  return [...declared, ...dynamic].map((match) => match[1] ?? match[2] ?? '');
}

function roomsReached(source: Source): string[] {
  return source.imports
    .filter((specifier) => specifier.startsWith('.'))
    .map((specifier) => roomOf(relative(SRC, resolve(SRC, dirname(source.path), specifier))))
    .filter((room) => room !== source.room);
}

function filesReached(source: Source): string[] {
  return source.imports
    .filter((specifier) => specifier.startsWith('.'))
    .map((specifier) => relative(SRC, resolve(SRC, dirname(source.path), specifier)));
}

/** The groups of nodes that reach each other. */
function circles(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const reach = new Map([...graph.keys()].map((node) => [node, reachedFrom(node, graph)]));
  const groups = [...reach]
    .filter(([node, reached]) => reached.has(node))
    .map(([node, reached]) => [...reached].filter((other) => reach.get(other)?.has(node)).toSorted());
  return [...new Map(groups.map((group) => [group.join(), group])).values()];
}

function reachedFrom(start: string, graph: ReadonlyMap<string, readonly string[]>): ReadonlySet<string> {
  const reached = new Set<string>();
  const waiting = [...(graph.get(start) ?? [])];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (reached.has(node)) continue;
    reached.add(node);
    waiting.push(...(graph.get(node) ?? []));
  }
  return reached;
}

describe('architecture', () => {
  it('has a row in the direction table for every room', () => {
    expect([...new Set(sources.map((source) => source.room))].filter((room) => !(room in DIRECTION))).toEqual(
      [],
    );
  });

  it.each(sources)('$path imports only what stands before it', (source) => {
    const allowed = DIRECTION[source.room] ?? [];
    expect(roomsReached(source).filter((room) => !allowed.includes(room))).toEqual([]);
  });

  it.each(Object.entries(DOORS))('%s is imported by %s alone', (name, door) => {
    const elsewhere = sources.filter(
      (source) =>
        !`${dirname(source.path)}/`.startsWith(`${door}/`) &&
        source.imports.some((it) => it === name || it.startsWith(`${name}/`)),
    );
    expect(elsewhere.map((source) => source.path)).toEqual([]);
  });

  it('has a row for every room in docs/architecture.md, in an order in which each imports what stands above', () => {
    const page = readFileSync(resolve(SRC, '../docs/architecture.md'), 'utf8');
    const [, table = ''] = /\n## Rooms\n([^]*?)\n## /.exec(page) ?? [];
    const named = [...table.matchAll(/^\| `([a-z]+)` \|/gm)].map(([, room = '']) => room);
    const rooms = Object.keys(DIRECTION).filter((room) => !room.endsWith('.ts'));
    expect(named.toSorted()).toEqual(rooms.toSorted());
    const wrong = named.filter((room, at) => DIRECTION[room]?.some((other) => named.indexOf(other) > at));
    expect(wrong).toEqual([]);
  });

  it('imports no package without a door', () => {
    const packages = sources.flatMap((source) => source.imports).filter((it) => !/^[.]|^node:/.test(it));
    expect(
      packages.filter((it) => !Object.keys(DOORS).some((door) => it === door || it.startsWith(`${door}/`))),
    ).toEqual([]);
  });

  it('touches process and the console in the terminal and in main alone', () => {
    const guilty = sources.filter(
      (source) =>
        /\bprocess\.(env|argv|exit|exitCode|stdin|stdout|stderr|on|cwd|kill)\b|\bconsole\./.test(
          source.text,
        ) && !['main.ts', join('cli', 'terminal', 'terminal.ts')].includes(source.path),
    );
    expect(guilty.map((source) => source.path)).toEqual([]);
  });

  it("writes the head of an answer in oci/respond.ts alone, and in the proxy, whose heads are the registry's", () => {
    const guilty = sources.filter(
      ({ path, text }) =>
        /\.writeHead\(|nosniff/.test(text) && path !== 'oci/respond.ts' && !path.startsWith('backend/'),
    );
    expect(guilty.map(({ path }) => path)).toEqual([]);
  });

  it('leans on what Node.js does not document in lib/node alone', () => {
    const internal =
      /(?<!\.)\._[a-z]\w+|'_(parent|handle|header)'|Reflect\.get\(|\bdestroySoon\b|flushHeaders|removeAllListeners|\.(push|destroy|writeHead) = /;
    const guilty = sources.filter(({ path, text }) => internal.test(text) && !path.startsWith('lib/node/'));
    expect(guilty.map(({ path }) => path)).toEqual([]);
  });

  it('has no drawer for everything that had no name', () => {
    const names = sources.flatMap((source) => source.path.split(sep));
    expect(names.filter((name) => FORBIDDEN_NAMES.test(name))).toEqual([]);
  });

  it('keeps Express out of everything but the pipeline', () => {
    const guilty = sources.filter(
      (source) => source.room !== 'pipeline' && /from 'express/.test(source.text),
    );
    expect(guilty.map((source) => source.path)).toEqual([]);
  });

  it.each([...new Set(sources.map(({ path }) => dirname(path)))])(
    '%s is a folder that can be looked through',
    (folder) => {
      expect(sources.filter(({ path }) => dirname(path) === folder).length).toBeLessThanOrEqual(MOST_FILES);
    },
  );

  it('exports nothing that no other file uses', () => {
    const users = [...sources.map(({ path, text }) => ({ path, text })), ...tests];
    const words = new Map<string, Set<string>>();
    for (const { path, text } of users)
      for (const [word] of text.matchAll(/\w+/g)) words.set(word, (words.get(word) ?? new Set()).add(path));
    const unused = sources.flatMap(({ path, text }) =>
      [...text.matchAll(EXPORT)]
        .map(([, name = '']) => name)
        .filter((name) => (words.get(name)?.size ?? 0) < 2)
        .map((name) => `${path} ${name}`),
    );
    expect(unused).toEqual([]);
  });

  it('has no circle of files, types included', () => {
    expect(circles(new Map(sources.map((source) => [source.path, filesReached(source)])))).toEqual([]);
  });

  it('has no circle of folders', () => {
    const folders = new Map<string, Set<string>>();
    for (const source of sources) {
      const folder = dirname(source.path);
      const reached = filesReached(source).map((path) => dirname(path));
      const all = folders.get(folder) ?? new Set();
      for (const other of reached) if (other !== folder) all.add(other);
      folders.set(folder, all);
    }
    expect(circles(new Map([...folders].map(([folder, others]) => [folder, [...others]])))).toEqual([]);
  });

  it('would notice a circle', () => {
    const graph = { a: ['b'], b: ['c', 'd'], c: ['b'], d: [] };
    expect(circles(new Map(Object.entries(graph)))).toEqual([['b', 'c']]);
  });
});
