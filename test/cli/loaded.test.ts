import { mkdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run, temporaryFolder, type Folder } from '../support/programs.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const HOOKS = pathToFileURL(join(ROOT, 'test/support/loaded-modules.ts')).href;

/** Nothing listens there. What a copy needs is loaded before it asks. */
const SOURCE = '127.0.0.1:1/team/app:1';
const PARSER = ['commander'];
/** The schema of the configuration. */
const SCHEMA = [...PARSER, 'zod'];
/** What checks the entries of a users file. */
const HASHES = ['apache-md5', 'bcrypt', 'node-gyp-build'];

interface Case {
  readonly command: string;
  /** All packages from npm that it loads. */
  readonly packages: readonly string[];
  /** Folders and files of `src` that it has no use for. */
  readonly without: readonly string[];
}

const CASES: readonly Case[] = [
  { command: '--version', packages: [], without: ['cli/program.ts', 'images', 'config', 'pki'] },
  { command: '--help', packages: PARSER, without: ['images', 'pki', 'cli/images/copy', 'cli/serve'] },
  {
    command: `images copy ${SOURCE} 127.0.0.1:1/team/other:1 --plain-http`,
    packages: PARSER,
    without: [
      'images/archive/read',
      'images/archive/write',
      'images/compression',
      'images/tar',
      'images/client/wire/secure.ts',
      'config/schema',
    ],
  },
  {
    command: `images tags 127.0.0.1:1/team/app --plain-http`,
    packages: PARSER,
    without: ['images/archive', 'images/compression', 'images/tar', 'images/copy', 'config/schema'],
  },
  {
    command: 'users list --users none',
    packages: [...PARSER, ...HASHES],
    without: ['config/schema', 'images', 'app', 'pki'],
  },
  {
    command: 'tokens list',
    packages: [...SCHEMA, ...HASHES, 'node-forge'],
    without: ['config/yaml-file.ts', 'images', 'app'],
  },
  {
    command: 'certs status --certs none',
    packages: [...SCHEMA, 'node-forge'],
    without: ['config/yaml-file.ts', 'images', 'app', 'cli/certs/trust.ts'],
  },
];

describe('a command', () => {
  let folder: Folder;

  beforeAll(async () => {
    folder = await temporaryFolder('loaded');
    await mkdir(join(folder.path, 'empty'));
  });
  afterAll(() => folder.close());

  it.each(CASES)('loads what it needs and no more: $command', async ({ command, packages, without }) => {
    const list = join(folder.path, 'loaded');
    const args = ['--import', HOOKS, join(ROOT, 'src/main.ts'), ...command.split(' ')];
    await run(process.execPath, args, {
      cwd: join(folder.path, 'empty'),
      env: { LOADED_MODULES: list, HOME: folder.path },
    });
    const urls = (await readFile(list, 'utf8')).split('\n');
    const found = urls.flatMap((url) => /\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1] ?? []);
    const sources = urls.flatMap((url) => url.split(`${pathToFileURL(ROOT).href}/src/`)[1] ?? []);
    expect([...new Set(found)].toSorted()).toEqual(packages.toSorted());
    expect(sources.filter((path) => without.some((name) => `${path}/`.startsWith(`${name}/`)))).toEqual([]);
    expect(sources).toContain('main.ts');
  });
});
