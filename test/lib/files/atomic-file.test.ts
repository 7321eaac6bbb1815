import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  readlink,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { removeTemporaries, writeFileAtomic } from '../../../src/lib/files/atomic-file.ts';
import { AppError } from '../../../src/lib/errors.ts';

let folder = '';
let path = '';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gate-atomic-'));
  path = join(folder, 'file');
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function modeOf(file: string): Promise<number> {
  return (await stat(file)).mode & 0o777;
}

describe('writeFileAtomic', () => {
  it('makes a file with the mode that was asked for, whatever the umask', async () => {
    await writeFileAtomic(path, 'new', { mode: 0o666 });
    expect([await readFile(path, 'utf8'), await modeOf(path)]).toEqual(['new', 0o666]);
  });

  it('replaces a file, keeps its mode, and leaves nothing beside it', async () => {
    await writeFile(path, 'old');
    await chmod(path, 0o640);
    const before = await stat(path);
    await writeFileAtomic(path, 'new', { mode: 0o600 });
    const after = await stat(path);
    expect([after.mode & 0o777, after.uid, after.gid]).toEqual([0o640, before.uid, before.gid]);
    expect(after.ino).not.toBe(before.ino);
    expect(await readdir(folder)).toEqual(['file']);
  });

  it('forces the mode of a file where it is told to', async () => {
    await writeFile(path, 'old');
    await chmod(path, 0o644);
    await writeFileAtomic(path, 'new', { mode: 0o600, forceMode: true });
    expect(await modeOf(path)).toBe(0o600);
  });

  it('keeps a link and replaces what it leads to', async () => {
    await mkdir(join(folder, 'data'));
    await writeFile(join(folder, 'data', 'real'), 'old');
    await symlink(join('data', 'real'), path);
    await writeFileAtomic(path, 'new', { mode: 0o600 });
    expect(await readlink(path)).toBe(join('data', 'real'));
    expect(await readFile(join(folder, 'data', 'real'), 'utf8')).toBe('new');
    expect((await readdir(folder)).sort()).toEqual(['data', 'file']);
  });

  it('keeps a link that leads nowhere yet, and makes what it leads to', async () => {
    await mkdir(join(folder, 'data'));
    await symlink(join('data', 'real'), path);
    await writeFileAtomic(path, 'new', { mode: 0o600 });
    expect((await lstat(path)).isSymbolicLink()).toBe(true);
    expect(await readFile(join(folder, 'data', 'real'), 'utf8')).toBe('new');
  });

  it('leaves the old content, and no litter, when it is stopped at the last moment', async () => {
    await writeFile(path, 'old');
    const stopped = new AppError('LOCK_TIMEOUT', { message: 'stop' });
    const beforeReplace = (): Promise<void> => Promise.reject(stopped);
    await expect(writeFileAtomic(path, 'new', { mode: 0o600, beforeReplace })).rejects.toBe(stopped);
    expect(await readFile(path, 'utf8')).toBe('old');
    expect(await readdir(folder)).toEqual(['file']);
  });

  it.each([
    ['a directory that is not there', () => join(folder, 'no', 'file')],
    ['a directory in its place', () => folder],
    ['a file in place of its directory', () => join(path, 'file')],
    ['a name that is too long', () => join(folder, 'n'.repeat(300))],
  ])('says that it can not write: %s', async (_name, where) => {
    await writeFile(path, 'old');
    await expect(writeFileAtomic(where(), 'new', { mode: 0o600 })).rejects.toMatchObject({
      code: 'FILE_UNWRITABLE',
      hint: expect.any(String),
    });
    expect(await readdir(folder)).toEqual(['file']);
  });
});

describe('removeTemporaries', () => {
  it('removes what killed writers of this file left, and nothing else', async () => {
    const keep = [
      'file',
      '.file.tmp',
      '.file.notes.tmp',
      '.file.0123456789ab.tmpx',
      '.other.0123456789ab.tmp',
      '.file.lock',
    ];
    for (const name of [...keep, '.file.0123456789ab.tmp', '.file.fedcba987654.tmp']) {
      await writeFile(join(folder, name), '');
    }
    await removeTemporaries(path);
    expect((await readdir(folder)).sort()).toEqual(keep.sort());
  });

  it('does nothing where there is no directory', async () => {
    await removeTemporaries(join(folder, 'no', 'file'));
    expect(await readdir(folder)).toEqual([]);
  });
});
