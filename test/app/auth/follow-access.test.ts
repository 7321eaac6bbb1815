import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isOwner } from '../../../src/auth/policy/owner.ts';
import { findRight } from '../../../src/auth/policy/right.ts';
import { openAccess } from '../../../src/app/auth/follow-access.ts';
import type { LoadedAccess } from '../../../src/app/auth/access.ts';
import type { LoadedFile } from '../../../src/lib/files/followed-file.ts';

let root: string;
let next = 0;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'gate-follow-access-'));
});

afterAll(async () => rm(root, { recursive: true, force: true }));

const rule = (who: string): string => `rules: [{ who: ${who}, repositories: a, allow: pull }]\n`;

interface Opened extends LoadedFile<LoadedAccess> {
  readonly path: string;
}

async function open(text: string): Promise<Opened> {
  const path = join(root, `access-${next++}.yml`);
  await writeFile(path, text);
  return { path, ...(await openAccess(path, () => ({ users: new Set(['alice']) }))) };
}

function mayPull(store: LoadedFile<LoadedAccess>, user: string): boolean {
  const need = { action: 'pull', repository: 'a' } as const;
  return findRight(store.current().policy, { kind: 'user', name: user }, need, undefined) !== undefined;
}

describe('the rules in force', () => {
  it('change with the file', async () => {
    const store = await open(rule('alice'));
    const before = store.current().policy;
    expect([mayPull(store, 'alice'), mayPull(store, 'bob'), store.current().warnings]).toEqual([
      true,
      false,
      [],
    ]);
    await writeFile(store.path, rule('bob'));
    expect(await store.reload()).toMatchObject({ ok: true, value: { rules: 1 } });
    expect([mayPull(store, 'alice'), mayPull(store, 'bob')]).toEqual([false, true]);
    expect(store.current().warnings).toEqual([expect.stringContaining('there is no user "bob"')]);
    expect(store.current().policy).not.toBe(before);
  });

  it('name other owners as soon as the file does', async () => {
    const store = await open(`${rule('alice')}owners: alice`);
    const own = (): readonly boolean[] =>
      ['alice', 'bob'].map((name) => isOwner(store.current().policy, { kind: 'user', name }));
    expect(own()).toEqual([true, false]);
    await writeFile(store.path, `${rule('alice')}owners: bob`);
    await store.reload();
    expect(own()).toEqual([false, true]);
  });

  it.each([
    ['is broken', 'rules: [', 'ACCESS_INVALID'],
    ['is empty', '', 'ACCESS_INVALID'],
    ['names an unknown group', rule('group:x'), 'ACCESS_INVALID'],
    ['does not meet its own expectation', `${rule('bob')}expect: alice may pull a`, 'ACCESS_INVALID'],
    ['has gone', undefined, 'FILE_UNREADABLE'],
  ])('stay where the file %s, and come back with it', async (_name, text, code) => {
    const store = await open(rule('alice'));
    await (text === undefined ? rm(store.path) : writeFile(store.path, text));
    expect(await store.reload()).toMatchObject({ ok: false, error: { code } });
    expect(mayPull(store, 'alice')).toBe(true);
    await writeFile(store.path, rule('bob'));
    expect(await store.reload()).toMatchObject({ ok: true });
    expect(mayPull(store, 'bob')).toBe(true);
  });

  it('are the last ones, whoever else is loading at the time', async () => {
    const store = await open(rule('alice'));
    const first = store.reload();
    await writeFile(store.path, rule('bob'));
    await Promise.all([first, store.reload(), store.reload()]);
    expect(mayPull(store, 'bob')).toBe(true);
  });

  it.each([
    ["that can't be used", 'rules: []', 'ACCESS_INVALID'],
    ['whose expectations are not met', `${rule('bob')}expect: alice may pull a`, 'ACCESS_INVALID'],
  ])('are none at the start with a file %s', async (_name, text, code) => {
    await expect(open(text)).rejects.toMatchObject({ code });
  });

  it('are none at the start without a file', async () => {
    const opened = openAccess(join(root, 'none.yml'), () => ({}));
    await expect(opened).rejects.toMatchObject({ code: 'FILE_UNREADABLE' });
  });
});
