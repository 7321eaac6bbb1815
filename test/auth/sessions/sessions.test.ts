import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { OpenSessions } from '../../../src/auth/sessions/open-sessions.ts';
import { makeSecret } from '../../../src/auth/tokens/store/secret-text.ts';
import { Clock, DAY, directoryOf, errorOf, makeFolder } from '../tokens/support.ts';
import { openedSessions } from './support.ts';

const HOUR = DAY / 24;
const BROWSER = { agent: 'Mozilla/5.0 (X11) Firefox/140.0', address: '10.0.0.1' };

let folder: Awaited<ReturnType<typeof makeFolder>>;
let clock: Clock;
let users: Map<string, string>;
const open: OpenSessions[] = [];

beforeEach(async () => {
  folder = await makeFolder();
  clock = new Clock();
  users = new Map([
    ['alice', 'hash of alice'],
    ['bob', 'hash of bob'],
  ]);
});

afterEach(async () => {
  for (const sessions of open.splice(0)) await sessions.close();
  await folder.close();
});

async function opened(): Promise<OpenSessions> {
  const { sessions } = await openedSessions(folder.path, clock, directoryOf(users));
  open.push(sessions);
  return sessions;
}

const begun = async (sessions: OpenSessions, user = 'alice'): Promise<string> =>
  (await sessions.begin({ name: user, version: users.get(user) ?? '' }, BROWSER)).reveal();
const file = (): string => join(folder.path, 'sessions.json');
const stored = async (): Promise<{ id: string; user: string }[]> =>
  JSON.parse(await readFile(file(), 'utf8')).sessions;
const userOf = async (sessions: OpenSessions, secret: string): Promise<string | undefined> =>
  (await sessions.use(secret))?.user;

describe('a session', () => {
  it('is kept hashed, for the owner of the file alone, with what is known of the browser', async () => {
    const secret = await begun(await opened());
    const text = await readFile(file(), 'utf8');
    expect(secret).toMatch(/^rgs_[0-9A-Za-z]{49}$/);
    expect(text).not.toContain(secret.slice(4, 20));
    expect(text).not.toContain('hash of alice');
    expect((await stat(file())).mode & 0o777).toBe(0o600);
    expect(await stored()).toMatchObject([
      { ...BROWSER, user: 'alice', id: expect.stringMatching(/^s-[0-9a-f]{10}$/) },
    ]);
  });

  it('is a principal of its own proof, with the groups of the moment', async () => {
    const sessions = await opened();
    const session = await sessions.use(await begun(sessions));
    expect(session && sessions.principalOf(session)).toEqual({
      kind: 'user',
      name: 'alice',
      groups: [],
      proof: 'session',
    });
  });

  it('has a new secret and a new id at each sign-in', async () => {
    const sessions = await opened();
    const secrets = [await begun(sessions), await begun(sessions)];
    expect(new Set(secrets).size).toBe(2);
    expect(new Set((await stored()).map(({ id }) => id)).size).toBe(2);
  });

  it('is listed among those of all users by its beginning, as long as it is valid', async () => {
    const sessions = await opened();
    for (const user of ['alice', 'bob', 'alice', 'bob']) {
      await begun(sessions, user);
      clock.at += 1000;
    }
    const usersOf = async (most: number): Promise<string[]> =>
      (await sessions.newest(most)).map(({ user }) => user);
    expect(await usersOf(9)).toEqual(['bob', 'alice', 'bob', 'alice']);
    expect(await usersOf(3)).toEqual(['bob', 'alice', 'bob']);
    users.set('bob', 'another hash');
    expect(await usersOf(9)).toEqual(['alice', 'alice']);
  });

  it.each([
    ['one that nobody made', () => makeSecret('session').secret.reveal()],
    ['an identity token', () => makeSecret('identity').secret.reveal()],
    ['a machine token', () => makeSecret('machine').secret.reveal()],
    ['nothing', () => ''],
    ['one cut off', (secret: string) => secret.slice(0, -1)],
    ['one with a letter changed', (secret: string) => `${secret.slice(0, 9)}_${secret.slice(10)}`],
  ])('is not %s', async (_name, spoil) => {
    const sessions = await opened();
    expect(await userOf(sessions, spoil(await begun(sessions)))).toBeUndefined();
  });

  it.each<readonly [string, () => unknown]>([
    ['the password changes', () => users.set('alice', 'another hash')],
    ['the user is removed', () => users.delete('alice')],
    ['it was not used for 12 hours', () => (clock.at += 12 * HOUR)],
  ])('ends when %s, and is dropped at the next sign-in', async (_name, change) => {
    const sessions = await opened();
    const secret = await begun(sessions);
    expect(await userOf(sessions, secret)).toBe('alice');
    change();
    expect(await userOf(sessions, secret)).toBeUndefined();
    expect(await sessions.ofUser('alice')).toEqual([]);
    await begun(sessions, 'bob');
    expect((await stored()).map(({ user }) => user)).toEqual(['bob']);
  });

  it('is none where the password that was verified is not the one of this moment', async () => {
    const sessions = await opened();
    const old = { name: 'alice', version: 'hash before' };
    expect(await userOf(sessions, (await sessions.begin(old, BROWSER)).reveal())).toBeUndefined();
  });

  it('does not come back with a user who is made anew', async () => {
    const sessions = await opened();
    const secret = await begun(sessions);
    users.delete('alice');
    users.set('alice', 'hash of another alice');
    expect(await userOf(sessions, secret)).toBeUndefined();
  });

  it('lives while it is used, and not beyond 14 days', async () => {
    const sessions = await opened();
    const secret = await begun(sessions);
    for (let hour = 0; hour < 14 * 24 - 6; hour += 6) {
      clock.at += 6 * HOUR;
      expect(await userOf(sessions, secret)).toBe('alice');
    }
    clock.at += 6 * HOUR;
    expect(await userOf(sessions, secret)).toBeUndefined();
  });

  it('survives a restart, with its last use', async () => {
    const before = await opened();
    const secret = await begun(before);
    clock.at += 11 * HOUR;
    await before.use(secret);
    await before.close();
    clock.at += 11 * HOUR;
    expect(await userOf(await opened(), secret)).toBe('alice');
  });

  it('writes nothing for a use', async () => {
    const sessions = await opened();
    const secret = await begun(sessions);
    const { mtimeMs } = await stat(file());
    for (let n = 0; n < 100; n += 1) await sessions.use(secret);
    expect((await stat(file())).mtimeMs).toBe(mtimeMs);
    await expect(stat(join(folder.path, 'session-uses.json'))).rejects.toThrow('ENOENT');
  });

  it('is one of a bounded number: the one unused for the longest makes room', async () => {
    const sessions = await opened();
    const secrets: string[] = [];
    for (let n = 0; n < 20; n += 1) {
      secrets.push(await begun(sessions));
      clock.at += 1000;
    }
    const bob = await begun(sessions, 'bob');
    await sessions.use(secrets[0] ?? '');
    secrets.push(await begun(sessions));
    const users = await Promise.all(secrets.map((secret) => userOf(sessions, secret)));
    expect(users.map((user) => user ?? '-')).toEqual(['alice', '-', ...secrets.slice(2).map(() => 'alice')]);
    expect(await userOf(sessions, bob)).toBe('bob');
  });

  it('shows no control character of the browser', async () => {
    const sessions = await opened();
    const agent = `a\u001b[2J\u202e${'x'.repeat(500)}`;
    await sessions.begin({ name: 'alice', version: 'hash of alice' }, { agent, address: '::1' });
    expect((await sessions.ofUser('alice'))[0]?.agent).toBe(`a?[2J?${'x'.repeat(194)}`);
  });
});

describe('ending sessions', () => {
  it('ends the one, and none of another user', async () => {
    const sessions = await opened();
    const [first, second, bob] = [await begun(sessions), await begun(sessions), await begun(sessions, 'bob')];
    const ids = (await stored()).map(({ id }) => id);
    expect(await sessions.end('alice', ids[2] ?? '')).toBe(false);
    expect(await sessions.end('alice', 's-0000000000')).toBe(false);
    expect(await sessions.end('alice', ids[0] ?? '')).toBe(true);
    const users = await Promise.all([first, second, bob].map((secret) => userOf(sessions, secret)));
    expect(users).toEqual([undefined, 'alice', 'bob']);
  });

  it('ends all of a user but one', async () => {
    const sessions = await opened();
    const kept = await begun(sessions);
    const gone = [await begun(sessions), await begun(sessions)];
    const bob = await begun(sessions, 'bob');
    const own = (await sessions.use(kept))?.id;
    expect(await sessions.endAll('alice', own)).toBe(2);
    const users = await Promise.all([kept, ...gone, bob].map((secret) => userOf(sessions, secret)));
    expect(users).toEqual(['alice', undefined, undefined, 'bob']);
    expect(await sessions.endAll('alice')).toBe(1);
  });

  it('holds where another gate with the same files began and ended some', async () => {
    const [one, other] = [await opened(), await opened()];
    const secrets = await Promise.all([begun(one), begun(other), begun(one), begun(other)]);
    expect(await stored()).toHaveLength(4);
    await other.endAll('alice');
    await one.reload();
    expect(await Promise.all(secrets.map((secret) => userOf(one, secret)))).toEqual(
      secrets.map(() => undefined),
    );
  });
});

describe('a damaged file of sessions', () => {
  it.each([
    ['no JSON', '{'],
    ['another version', '{"version":2,"sessions":[]}'],
    ['a session without an end', '{"version":1,"sessions":[{"id":"s-1"}]}'],
  ])('is an error at the start and no change at a reload: %s', async (_name, text) => {
    const { sessions, log } = await openedSessions(folder.path, clock, directoryOf(users));
    open.push(sessions);
    const secret = await begun(sessions);
    await writeFile(file(), text);
    expect(await sessions.reload()).toMatchObject({ code: 'STATE_INVALID' });
    expect(log).toEqual([expect.stringContaining('sessions not reloaded')]);
    expect(await userOf(sessions, secret)).toBe('alice');
    expect((await errorOf(opened())).code).toBe('STATE_INVALID');
    expect((await errorOf(begun(sessions))).code).toBe('STATE_INVALID');
  });
});
