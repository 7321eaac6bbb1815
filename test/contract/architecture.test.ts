import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { describe, expect, it } from 'vitest';

const SRC = resolve(import.meta.dirname, '../../src');

/** folder -> folders it may import. The direction of the whole program, in one table. */
const DIRECTION: Record<string, readonly string[]> = {
  lib: [],
  registry: ['lib'],
  admission: ['lib', 'registry'],
  policy: ['lib', 'registry'],
  users: ['lib'],
  certs: ['lib'],
  config: ['lib'],
  observe: ['lib', 'registry'],
  audit: ['lib', 'registry', 'observe'],
  proxy: ['lib', 'registry', 'reply'],
  reply: ['lib', 'registry'],
  embedded: ['lib', 'registry', 'reply'],
  cache: ['lib', 'registry', 'reply'],
  tokens: ['lib', 'registry'],
  peer: ['lib'],
  limits: ['lib'],
  workers: ['lib'],
  abuse: ['lib'],
  server: [
    'abuse',
    'peer',
    'limits',
    'workers',
    'lib',
    'registry',
    'admission',
    'policy',
    'users',
    'certs',
    'config',
    'observe',
    'audit',
    'proxy',
    'reply',
    'embedded',
    'cache',
    'tokens',
  ],
  cli: [
    'abuse',
    'workers',
    'lib',
    'registry',
    'policy',
    'users',
    'certs',
    'config',
    'observe',
    'audit',
    'tokens',
    'server',
    'embedded',
  ],
  'main.ts': ['lib', 'cli'],
  'index.ts': [
    'lib',
    'registry',
    'admission',
    'policy',
    'users',
    'certs',
    'config',
    'observe',
    'audit',
    'proxy',
    'reply',
    'embedded',
    'cache',
    'tokens',
    'server',
  ],
};

/** package -> the one folder (or file) that may import it. */
const DOORS: Record<string, string> = {
  express: 'server',
  helmet: 'server',
  'http-proxy-middleware': 'proxy',
  'node-forge': 'certs',
  'apache-md5': 'users',
  bcrypt: 'users',
  pino: 'observe',
  'prom-client': 'observe',
  '@opentelemetry/api': 'observe',
  '@opentelemetry/exporter-trace-otlp-http': 'observe',
  '@opentelemetry/resources': 'observe',
  '@opentelemetry/sdk-trace': 'observe',
  jose: 'tokens',
  'rate-limiter-flexible': 'abuse',
  '@redis/client': 'abuse',
  zod: 'config',
  yaml: 'config',
  commander: 'cli',
  'node:cluster': 'workers',
};

const FORBIDDEN_NAMES = /^(utils?|helpers?|common|misc|manager|handler)s?(\.ts)?$/;

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
        source.room !== door && source.imports.some((it) => it === name || it.startsWith(`${name}/`)),
    );
    expect(elsewhere.map((source) => source.path)).toEqual([]);
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
        ) && !['main.ts', join('cli', 'terminal.ts')].includes(source.path),
    );
    expect(guilty.map((source) => source.path)).toEqual([]);
  });

  it('has no drawer for everything that had no name', () => {
    const names = sources.flatMap((source) => source.path.split(sep));
    expect(names.filter((name) => FORBIDDEN_NAMES.test(name))).toEqual([]);
  });

  it('keeps Express out of everything but the server', () => {
    const guilty = sources.filter((source) => source.room !== 'server' && /from 'express/.test(source.text));
    expect(guilty.map((source) => source.path)).toEqual([]);
  });
});
