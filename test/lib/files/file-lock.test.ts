import { mkdtemp, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { withFileLock } from '../../../src/lib/files/file-lock.ts';
import { run } from '../../support/programs.ts';

const SOURCE = pathToFileURL(join(import.meta.dirname, '../../../src/lib/files/file-lock.ts')).href;

let folder = '';
let path = '';
let lock = '';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gate-lock-'));
  path = join(folder, 'file');
  lock = join(folder, '.file.lock');
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

/** What a process leaves that is killed while it holds the lock. */
async function leaveDeadLock(): Promise<string> {
  const program = `import { withFileLock } from ${JSON.stringify(SOURCE)};
    await withFileLock(process.argv[1], async () => process.kill(process.pid, 'SIGKILL'));`;
  await run(process.execPath, ['--input-type=module', '-e', program, path]);
  return readFile(lock, 'utf8');
}

describe('withFileLock', () => {
  it('gives the result of the action, and the lock back', async () => {
    const seen = await withFileLock(path, async (held) => {
      await held.assertHeld();
      return readdir(folder);
    });
    expect(seen).toEqual(['.file.lock']);
    expect(await readdir(folder)).toEqual([]);
  });

  it('M-D4: waits no longer than it may where the name of the lock leads nowhere', async () => {
    await symlink('missing', lock);
    await expect(withFileLock(path, async () => undefined, { timeoutMs: 50 })).rejects.toMatchObject({
      code: 'LOCK_TIMEOUT',
    });
  });

  it('gives the lock back when the action fails', async () => {
    await expect(withFileLock(path, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await readdir(folder)).toEqual([]);
  });

  it('lets one in at a time', async () => {
    let inside = 0;
    let most = 0;
    const visit = (): Promise<void> =>
      withFileLock(path, async () => {
        inside += 1;
        most = Math.max(most, inside);
        await readdir(folder);
        inside -= 1;
      });
    await Promise.all(Array.from({ length: 20 }, visit));
    expect([most, inside]).toEqual([1, 0]);
  });

  it('takes the lock of a dead process at once', async () => {
    expect(await leaveDeadLock()).not.toBe('');
    const taken = await withFileLock(path, () => readFile(lock, 'utf8'), {
      staleMs: 3_600_000,
      timeoutMs: 5000,
    });
    expect(taken).not.toBe('');
    expect(await readdir(folder)).toEqual([]);
  });

  it('lets one in at a time when many find a dead lock', async () => {
    await leaveDeadLock();
    let count = 0;
    const visit = (): Promise<void> =>
      withFileLock(path, async (held) => {
        const before = count;
        await readdir(folder);
        await held.assertHeld();
        count = before + 1;
      });
    await Promise.all(Array.from({ length: 20 }, visit));
    expect(count).toBe(20);
    expect(await readdir(folder)).toEqual([]);
  });

  it('takes the lock of a process number that another process has got since', async () => {
    const [host, space] = (await leaveDeadLock()).split(' ');
    await writeFile(lock, `${host} ${space} ${process.pid} 1 nonce`);
    expect(await withFileLock(path, async () => 'in', { staleMs: 3_600_000, timeoutMs: 5000 })).toBe('in');
  });

  it.each([
    ['on another host', 'elsewhere boot/pid 1 1 nonce'],
    ['that does not say whose it is', ''],
    ['of another program', 'hello\n'],
  ])('waits for a lock %s until it has shown no life for a while', async (_name, text) => {
    await writeFile(lock, text);
    await expect(
      withFileLock(path, async () => 'in', { staleMs: 3_600_000, timeoutMs: 100 }),
    ).rejects.toMatchObject({
      code: 'LOCK_TIMEOUT',
    });
    expect(await withFileLock(path, async () => 'in', { staleMs: 100, timeoutMs: 5000 })).toBe('in');
  });

  it('keeps a lock alive for as long as the action takes', async () => {
    let leave: () => void = () => undefined;
    const stay = new Promise<void>((resolve) => (leave = resolve));
    const entered = Promise.withResolvers<void>();
    const hold = (): Promise<void> => {
      entered.resolve();
      return stay;
    };
    const holding = withFileLock(path, hold, { staleMs: 200 });
    await entered.promise;
    const attempt = withFileLock(path, async () => 'in', { staleMs: 2500, timeoutMs: 4000 });
    await expect(attempt).rejects.toMatchObject({
      code: 'LOCK_TIMEOUT',
      message: expect.stringContaining('process'),
    });
    leave();
    await holding;
    expect(await readdir(folder)).toEqual([]);
  });

  it('does not break a lock while somebody else is breaking it, but after that one died', async () => {
    await leaveDeadLock();
    await writeFile(`${lock}.break`, 'elsewhere boot/pid 1 1 nonce');
    await expect(
      withFileLock(path, async () => 'in', { staleMs: 3_600_000, timeoutMs: 100 }),
    ).rejects.toMatchObject({
      code: 'LOCK_TIMEOUT',
    });
    expect(await withFileLock(path, async () => 'in', { staleMs: 100, timeoutMs: 5000 })).toBe('in');
    expect(await readdir(folder)).toEqual([]);
  });

  it('notices that the lock was taken away, and leaves the lock of the other alone', async () => {
    await withFileLock(path, async (held) => {
      await writeFile(lock, 'elsewhere boot/pid 1 1 nonce');
      await expect(held.assertHeld()).rejects.toMatchObject({ code: 'LOCK_TIMEOUT' });
    });
    expect(await readFile(lock, 'utf8')).toContain('elsewhere');
  });

  it('says what is missing where no lock can be made', async () => {
    const file = join(folder, 'no', 'file');
    await expect(withFileLock(file, async () => 'in')).rejects.toMatchObject({
      code: 'FILE_UNWRITABLE',
      message: `The directory ${join(folder, 'no')} does not exist.`,
    });
  });
});
