import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseHtpasswd, entriesOf } from '../../src/auth/users/htpasswd-file.ts';
import { verifyHash } from '../../src/auth/passwords/password-hash.ts';
import { run, temporaryFolder, type Folder } from '../support/programs.ts';

const MAIN = resolve(import.meta.dirname, '../../src/main.ts');
let folder: Folder;
let path = '';

beforeEach(async () => {
  folder = await temporaryFolder('parallel');
  path = join(folder.path, 'htpasswd');
});

afterEach(async () => {
  await folder.close();
});

/** As many processes at once as there are names. */
async function addAll(names: readonly string[]): Promise<number[]> {
  const command = (name: string): string[] => [
    MAIN,
    'users',
    'add',
    name,
    '--password-stdin',
    '--users',
    path,
  ];
  const ran = await Promise.all(
    names.map((name) => run(process.execPath, command(name), { input: `password of ${name}\n` })),
  );
  return ran.map(({ status }) => status);
}

async function hashes(): Promise<Map<string, string>> {
  const parsed = parseHtpasswd(await readFile(path));
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return new Map(entriesOf(parsed.document).map(({ name, hash }) => [name, hash.text]));
}

describe('users add, many at once', () => {
  it('adds twenty users from twenty processes', async () => {
    const names = Array.from({ length: 20 }, (_, at) => `user${at}`);
    expect(await addAll(names)).toEqual(names.map(() => 0));
    const found = await hashes();
    expect([...found.keys()].sort()).toEqual([...names].sort());
    for (const name of names.slice(0, 3)) {
      expect(verifyHash(found.get(name) ?? '', `password of ${name}`)).toBe(true);
    }
    expect(await readdir(folder.path)).toEqual(['htpasswd']);
  });

  it('adds one user once, however many try', async () => {
    const statuses = await addAll(['same', 'same', 'same', 'same']);
    expect(statuses.sort()).toEqual([0, 1, 1, 1]);
    expect([...(await hashes()).keys()]).toEqual(['same']);
  });

  it('clears away what was left by a crash', async () => {
    await writeFile(join(folder.path, '.htpasswd.0123456789ab.tmp'), 'half a fi');
    await writeFile(join(folder.path, '.htpasswd.lock'), '');
    expect(await addAll(['one', 'two', 'three'])).toEqual([0, 0, 0]);
    expect([...(await hashes()).keys()].sort()).toEqual(['one', 'three', 'two']);
    expect(await readdir(folder.path)).toEqual(['htpasswd']);
  });
});
