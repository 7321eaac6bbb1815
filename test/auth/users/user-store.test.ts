import { chmod, mkdir, mkdtemp, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AppError } from '../../../src/lib/errors.ts';
import { openUserStore, type UserStore } from '../../../src/auth/users/user-store.ts';

const SHA = '{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=';
const APR1 = '$apr1$s$Hgc9MoaWe1Ieu1lEjENW6.';
const SHA256 = '$5$s$5q1vwNY3iR1Qgd9lUFfMdREJ4JkWtNyPttU1A0FAzQ1';
let folder = '';
let path = '';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gate-store-'));
  path = join(folder, 'htpasswd');
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function opened(text: string): Promise<UserStore> {
  await writeFile(path, text, { mode: 0o600 });
  return openUserStore({ path, settleMs: 5 });
}

async function errorOf(promise: Promise<unknown>): Promise<AppError> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof AppError)) throw new Error(`no AppError but ${String(error)}`);
  return error;
}

function names(store: UserStore): string[] {
  return [...store.current().byName.keys()];
}

describe('openUserStore', () => {
  it('holds the users of the file', async () => {
    const store = await opened(`# team\na:${SHA256}\n__proto__:${SHA}\n`);
    expect(names(store)).toEqual(['a', '__proto__']);
    expect(store.current().byName.get('a')?.hash.text).toBe(SHA256);
    expect(store.current().byName.get('toString')).toBeUndefined();
  });

  it.each([
    ['an empty file', ''],
    ['comments alone', '# nobody yet\n\n'],
  ])('refuses to start with %s', async (_name, text) => {
    const error = await errorOf(opened(text));
    expect([error.code, error.message]).toEqual([
      'HTPASSWD_MISSING',
      `The users file ${path} names no user.`,
    ]);
    expect(error.hint).toContain('registry-gate users add NAME');
  });

  it('refuses to start without a file', async () => {
    const error = await errorOf(openUserStore({ path }));
    expect([error.code, error.message]).toEqual([
      'HTPASSWD_MISSING',
      `The users file ${path} does not exist.`,
    ]);
    expect(error.hint).toContain('registry-gate users add NAME');
  });

  it('refuses to start with a directory, as Docker makes one for a missing file', async () => {
    await mkdir(path);
    const error = await errorOf(openUserStore({ path }));
    expect([error.code, error.message]).toEqual([
      'HTPASSWD_MISSING',
      `The users file ${path} is a directory.`,
    ]);
  });

  it('refuses to start with a link to itself', async () => {
    await symlink(path, path);
    const error = await errorOf(openUserStore({ path }));
    expect([error.code, error.message]).toEqual([
      'HTPASSWD_MISSING',
      `The users file ${path} is not to be read (ELOOP).`,
    ]);
  });

  it('refuses to start with a bad line, and names every one', async () => {
    const error = await errorOf(opened(`a:${SHA}\nb:plain\nc\n`));
    expect(error.code).toBe('HTPASSWD_INVALID');
    expect(error.message).toMatch(/line 2: user "b": a plain password.*\n.*line 3: no colon/);
  });

  it('does not print a whole bad file', async () => {
    const error = await errorOf(opened('x\n'.repeat(1000)));
    expect(error.message.split('\n')).toHaveLength(52);
    expect(error.message).toContain('and 950 more');
  });

  it('warns of weak hashes and of a file that others may read', async () => {
    const store = await opened(`a:${SHA}\nb:${SHA256}\nc:${APR1}\n`);
    expect(store.current().warnings).toEqual([
      { user: 'a', users: 1, reason: 'weak hash (SHA-1 without salt or rounds)' },
      { user: 'c', users: 1, reason: 'weak hash (MD5)' },
    ]);
    await chmod(path, 0o644);
    await store.reload();
    expect(store.current().warnings[0]?.reason).toContain('chmod 600');
  });
});

describe('warnings', () => {
  it('of ten thousand weak hashes are one line for each kind', async () => {
    const users = Array.from({ length: 10_000 }, (_none, at) => `u${at}:${at % 2 === 0 ? SHA : APR1}\n`);
    const { warnings } = (await opened(users.join(''))).current();
    expect(warnings).toEqual([
      {
        users: 5000,
        reason:
          'weak hashes (SHA-1 without salt or rounds): u0, u2, u4, u6, u8 and 4995 more, who stand in: registry-gate users list',
      },
      {
        users: 5000,
        reason: 'weak hashes (MD5): u1, u3, u5, u7, u9 and 4995 more, who stand in: registry-gate users list',
      },
    ]);
  });

  it('of lines that say the same twice, and of spaces at their ends, name the line, and count what there is of them', async () => {
    const { warnings } = (await opened(`a:${SHA256}\na:${SHA256}\nb:${SHA256} \t\n`)).current();
    expect(warnings).toEqual([
      { reason: `${path}:2: user "a" stands on line 1 already, with the same hash: delete one of the two` },
      {
        reason: `${path}:3: user "b": spaces behind the hash, which nginx takes for a part of it: delete them`,
      },
    ]);
    const many = await opened(`a:${SHA256}\n`.repeat(1000));
    expect([many.current().warnings.length, many.current().warnings.at(-1)?.reason]).toEqual([
      6,
      `${path}: and 994 more lines like these`,
    ]);
  });
});

describe('reload', () => {
  it('swaps the set, and leaves a set that is in use alone', async () => {
    const store = await opened(`a:${SHA}\n`);
    const before = store.current();
    await writeFile(path, `b:${SHA256}\nc:${SHA256}\n`);
    expect(await store.reload()).toMatchObject({ ok: true, value: { byName: { size: 2 }, warnings: [] } });
    expect(names(store)).toEqual(['b', 'c']);
    expect([...before.byName.keys()]).toEqual(['a']);
  });

  it.each([
    ['has a bad line', () => writeFile(path, `b:${SHA}\nc:plain\n`), 'HTPASSWD_INVALID'],
    ['is half written', () => truncate(path, 20), 'HTPASSWD_INVALID'],
    ['is gone', () => rm(path), 'HTPASSWD_MISSING'],
    ['is a directory', () => rm(path).then(() => mkdir(path)), 'HTPASSWD_MISSING'],
  ])('keeps the old set when the file %s, and loads the next good one', async (_name, spoil, code) => {
    const store = await opened(`a:${SHA}\n`);
    await spoil();
    expect(await store.reload()).toMatchObject({ ok: false, error: { code } });
    expect(names(store)).toEqual(['a']);
    await rm(path, { recursive: true, force: true });
    await writeFile(path, `b:${SHA}\n`);
    expect(await store.reload()).toMatchObject({ ok: true });
    expect(names(store)).toEqual(['b']);
  });

  it('waits for a file that was just emptied to be written again', async () => {
    await writeFile(path, `a:${SHA}\n`, { mode: 0o600 });
    const store = await openUserStore({ path, settleMs: 500 });
    await truncate(path, 0);
    const reloading = store.reload();
    await writeFile(path, `b:${SHA}\n`);
    expect(await reloading).toMatchObject({ ok: true, value: { byName: { size: 1 } } });
    expect(names(store)).toEqual(['b']);
  });

  it.each([
    ['is empty and stays so', ''],
    ['holds comments alone', '# nobody\n'],
  ])('lets nobody in when the file %s', async (_name, text) => {
    const store = await opened(`a:${SHA}\n`);
    await writeFile(path, text);
    expect(await store.reload()).toMatchObject({ ok: true, value: { byName: { size: 0 } } });
    expect(names(store)).toEqual([]);
    expect(store.current().warnings).toEqual([{ reason: `${path} names no user: nobody can sign in` }]);
  });

  it('follows links that are swapped', async () => {
    for (const version of ['one', 'two']) {
      await mkdir(join(folder, version));
      await writeFile(join(folder, version, 'htpasswd'), `${version}:${SHA}\n`);
    }
    await symlink('one', join(folder, '..data'));
    await symlink('..data/htpasswd', path);
    const store = await openUserStore({ path });
    await symlink('two', join(folder, 'next'));
    await rename(join(folder, 'next'), join(folder, '..data'));
    await store.reload();
    expect(names(store)).toEqual(['two']);
  });

  it('ends with the newest file, however often it is asked', async () => {
    const store = await opened(`a:${SHA}\n`);
    const reloads = [store.reload()];
    for (const name of ['b', 'c', 'd']) {
      await writeFile(path, `${name}:${SHA}\n`);
      reloads.push(store.reload(), store.reload());
    }
    await Promise.all(reloads);
    expect(names(store)).toEqual(['d']);
  });
});
