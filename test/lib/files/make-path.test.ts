import { mkdir, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { chdir, cwd } from 'node:process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makePath } from '../../../src/lib/files/make-path.ts';
import { temporaryFolder, type Folder } from '../../support/programs.ts';

let folder: Folder;
beforeAll(async () => {
  folder = await temporaryFolder('make-path');
});
afterAll(() => folder.close());

describe('a folder with all above it', () => {
  it('is made, and the first that was new is told', async () => {
    const at = join(folder.path, 'a/b/c');
    expect(await makePath(at, 0o750)).toBe(join(folder.path, 'a'));
    expect((await stat(at)).mode & 0o777).toBe(0o750);
    expect(await makePath(at, 0o750)).toBeUndefined();
    expect(await makePath(join(folder.path, 'a/b/d'), 0o700)).toBe(join(folder.path, 'a/b/d'));
  });

  it('is told as it was named', async () => {
    const before = cwd();
    chdir(folder.path);
    try {
      expect(await makePath('rel/b', 0o700)).toBe('rel');
      expect(await makePath('./rel/c', 0o700)).toBe('./rel/c');
    } finally {
      chdir(before);
    }
  });

  it('is made by many at once', async () => {
    const at = join(folder.path, 'many/b/c');
    await Promise.all(Array.from({ length: 20 }, () => makePath(at, 0o700)));
    expect((await stat(at)).isDirectory()).toBe(true);
  });

  it('may be a link to one', async () => {
    await mkdir(join(folder.path, 'real'));
    await symlink('real', join(folder.path, 'link'));
    expect(await makePath(join(folder.path, 'link'), 0o700)).toBeUndefined();
    expect(await makePath(join(folder.path, 'link/x'), 0o700)).toBe(join(folder.path, 'link/x'));
  });

  it.each([
    ['where none can be made, and the system says that nothing is there', '/proc/nowhere/a/b', 'ENOENT'],
    ['in a process that is there', '/proc/self/a/b', 'ENOENT'],
    ['below a file', 'file/a', 'ENOTDIR'],
    ['in the place of a file', 'file', 'EEXIST'],
    ['in the place of a link that leads nowhere', 'broken', 'EEXIST'],
    ['below a link that leads nowhere', 'broken/a', 'ENOENT|EEXIST'],
  ])('M-D4: is refused at once %s', async (_name, path, code) => {
    await writeFile(join(folder.path, 'file'), '');
    await symlink('missing', join(folder.path, 'broken')).catch(() => undefined);
    const whole = path.startsWith('/') ? path : join(folder.path, path);
    await expect(makePath(whole, 0o700)).rejects.toMatchObject({
      code: expect.stringMatching(new RegExp(`^(${code})$`)),
    });
  });
});
