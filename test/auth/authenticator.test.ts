import { describe, expect, it } from 'vitest';
import { Secret } from '../../src/lib/secret.ts';
import { createAuthenticator, type Authenticator } from '../../src/auth/authenticator.ts';
import { createHtpasswdDirectory } from '../../src/auth/users/htpasswd-directory.ts';
import type { BasicCredentials } from '../../src/auth/basic-credentials.ts';
import type { HashVerdict } from '../../src/auth/passwords/hash-pool.ts';
import { recognizeHash, verifyHash } from '../../src/auth/passwords/password-hash.ts';
import { createUsers, type Users } from '../../src/auth/users/user-store.ts';

const APR1_PW = '$apr1$s$Hgc9MoaWe1Ieu1lEjENW6.';
const MD5_PW = '$1$s$c00NGKNhbhsjQzVJd4kI71';
const SHA256_PW = '$5$s$5q1vwNY3iR1Qgd9lUFfMdREJ4JkWtNyPttU1A0FAzQ1';
const SHA_PASSWORD = '{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=';

function usersOf(file: Readonly<Record<string, string>>): Users {
  const entries = Object.entries(file).map(([name, text]) => {
    const found = recognizeHash(text);
    if (found.kind !== 'known') throw new Error(text);
    return { name, hash: found.hash };
  });
  return createUsers(entries);
}

function credentials(user: string, password: string): BasicCredentials {
  return { user, password: new Secret(password) };
}

interface Rig {
  readonly auth: Authenticator;
  /** What the pool was asked to verify, in order. */
  readonly asked: string[];
  now: number;
  users: Users;
  answer: (stored: string, password: string) => Promise<HashVerdict>;
}

function rig(file: Readonly<Record<string, string>>, cacheBytes = 100_000): Rig {
  const asked: string[] = [];
  const made: Omit<Rig, 'auth'> = {
    asked,
    now: 0,
    users: usersOf(file),
    answer: async (stored, password) => (verifyHash(stored, password) ? 'match' : 'mismatch'),
  };
  const key = Buffer.alloc(32, 1);
  const directory = createHtpasswdDirectory({
    store: { current: () => made.users },
    pool: {
      verify: (stored, password) => {
        asked.push(stored);
        return made.answer(stored, password);
      },
    },
    key,
  });
  const auth = createAuthenticator({
    directory,
    now: () => made.now,
    cacheTtlMs: 1000,
    cacheBytes,
    key,
  });
  return Object.assign(made, { auth });
}

describe('authenticator', () => {
  it.each([
    ['the right password', 'bob', 'pw', { kind: 'verified', user: 'bob' }],
    ['a wrong password', 'bob', 'pv', { kind: 'rejected' }],
    ['a stranger', 'eve', 'pw', { kind: 'rejected' }],
    ['another case of the name', 'Bob', 'pw', { kind: 'rejected' }],
    ['a name with a space behind', 'bob ', 'pw', { kind: 'rejected' }],
    ['a scheme that needs no thread', 'sue', 'password', { kind: 'verified', user: 'sue' }],
    ['a wrong password of such a scheme', 'sue', 'passwort', { kind: 'rejected' }],
    ['a name that objects have', '__proto__', 'pw', { kind: 'rejected' }],
    ['another', 'constructor', 'pw', { kind: 'rejected' }],
    ['the hash for a password', 'bob', APR1_PW, { kind: 'rejected' }],
  ])('judges %s', async (_name, user, password, verdict) => {
    const { auth } = rig({ bob: APR1_PW, sue: SHA_PASSWORD });
    expect(await auth.authenticate(credentials(user, password))).toEqual(verdict);
  });

  it.each([
    ['no name', '', 'pw'],
    ['no password', 'bob', ''],
    ['neither', '', ''],
    ['a NUL', 'bob', 'pw\0'],
    ['an endless password', 'bob', 'p'.repeat(1025)],
    ['an endless password of a stranger', 'eve', 'p'.repeat(1025)],
  ])('rejects %s without a hash', async (_name, user, password) => {
    const { auth, asked } = rig({ bob: APR1_PW });
    expect(await auth.authenticate(credentials(user, password))).toEqual({ kind: 'rejected' });
    expect(asked).toEqual([]);
  });

  it('knows nobody when there is nobody', async () => {
    expect(await rig({}).auth.authenticate(credentials('bob', 'pw'))).toEqual({ kind: 'rejected' });
  });

  it('never takes a stranger for the user whose hash stands in for him', async () => {
    const { auth, asked } = rig({ bob: APR1_PW });
    expect(await auth.authenticate(credentials('eve', 'pw'))).toEqual({ kind: 'rejected' });
    expect(await auth.authenticate(credentials('eve', 'pw'))).toEqual({ kind: 'rejected' });
    expect(asked).toEqual([APR1_PW, APR1_PW]);
    expect(auth.remembered(credentials('eve', 'pw'))).toBeUndefined();
  });
});

describe('what is remembered', () => {
  it('pays for a hash once', async () => {
    const { auth, asked } = rig({ bob: APR1_PW });
    expect(auth.remembered(credentials('bob', 'pw'))).toBeUndefined();
    for (let time = 0; time < 200; time += 1) await auth.authenticate(credentials('bob', 'pw'));
    expect(asked).toHaveLength(1);
    expect(auth.remembered(credentials('bob', 'pw'))).toBe('bob');
  });

  it('is forgotten after its time', async () => {
    const made = rig({ bob: APR1_PW });
    await made.auth.authenticate(credentials('bob', 'pw'));
    made.now = 999;
    expect(made.auth.remembered(credentials('bob', 'pw'))).toBe('bob');
    made.now = 1000;
    expect(made.auth.remembered(credentials('bob', 'pw'))).toBeUndefined();
  });

  it.each([
    ['the user is removed', { sue: SHA_PASSWORD }],
    ['the password is changed', { bob: MD5_PW, sue: SHA_PASSWORD }],
    ['everybody is removed', {}],
  ])('is forgotten when %s', async (_name, later) => {
    const made = rig({ bob: APR1_PW, sue: SHA_PASSWORD });
    await made.auth.authenticate(credentials('bob', 'pw'));
    made.users = usersOf(later);
    expect(made.auth.remembered(credentials('bob', 'pw'))).toBeUndefined();
  });

  it('survives a change to somebody else', async () => {
    const made = rig({ bob: APR1_PW, sue: SHA_PASSWORD });
    await made.auth.authenticate(credentials('bob', 'pw'));
    made.users = usersOf({ bob: APR1_PW, sue: MD5_PW });
    expect(made.auth.remembered(credentials('bob', 'pw'))).toBe('bob');
  });

  it('is nothing that was rejected', async () => {
    const { auth, asked } = rig({ bob: APR1_PW });
    await auth.authenticate(credentials('bob', 'wrong'));
    await auth.authenticate(credentials('bob', 'wrong'));
    expect(asked).toHaveLength(2);
  });

  it('does not run into another credential of the same text', async () => {
    const { auth } = rig({ bob: SHA_PASSWORD, bobp: SHA_PASSWORD });
    await auth.authenticate(credentials('bob', 'password'));
    const others = [
      credentials('bobp', 'assword'),
      credentials('bo', 'bpassword'),
      credentials('bobp', 'password'),
    ];
    expect(others.map((other) => auth.remembered(other))).toEqual([undefined, undefined, undefined]);
  });

  it('is bounded', async () => {
    const { auth } = rig({ a: SHA_PASSWORD, b: SHA_PASSWORD, c: SHA_PASSWORD }, 700);
    for (const user of ['a', 'b', 'c']) await auth.authenticate(credentials(user, 'password'));
    expect(['a', 'b', 'c'].map((user) => auth.remembered(credentials(user, 'password')))).toEqual([
      undefined,
      'b',
      'c',
    ]);
  });
});

describe('at the same time', () => {
  it('verifies the same credentials once', async () => {
    const { auth, asked } = rig({ bob: APR1_PW });
    const verdicts = await Promise.all(
      Array.from({ length: 50 }, () => auth.authenticate(credentials('bob', 'pw'))),
    );
    expect(verdicts.every((verdict) => verdict.kind === 'verified')).toBe(true);
    expect(asked).toHaveLength(1);
  });

  it('verifies different passwords each for itself', async () => {
    const { auth, asked } = rig({ bob: APR1_PW });
    const words = ['pw', 'x', 'y'];
    const verdicts = await Promise.all(words.map((word) => auth.authenticate(credentials('bob', word))));
    expect(verdicts.map((verdict) => verdict.kind)).toEqual(['verified', 'rejected', 'rejected']);
    expect(asked).toHaveLength(3);
  });

  it.each(['busy', 'failed'] as const)(
    'is busy while the pool is %s, and remembers nothing of it',
    async (answer) => {
      const made = rig({ bob: APR1_PW });
      made.answer = async () => answer;
      expect(await made.auth.authenticate(credentials('bob', 'pw'))).toEqual({ kind: 'busy' });
      made.answer = async () => 'match';
      expect(await made.auth.authenticate(credentials('bob', 'pw'))).toEqual({
        kind: 'verified',
        user: 'bob',
      });
    },
  );

  it.each([
    ['removed', { sue: MD5_PW }, { kind: 'rejected' }],
    ['given another password', { bob: SHA_PASSWORD }, { kind: 'rejected' }],
    ['given another hash of the same password', { bob: MD5_PW }, { kind: 'verified', user: 'bob' }],
  ])('asks again about a user who was %s meanwhile', async (_name, later, verdict) => {
    const made = rig({ bob: APR1_PW });
    const { answer } = made;
    made.answer = async (stored, password) => {
      made.users = usersOf(later);
      return answer(stored, password);
    };
    expect(await made.auth.authenticate(credentials('bob', 'pw'))).toEqual(verdict);
  });
});

describe('strangers', () => {
  const file = Object.fromEntries(
    Array.from({ length: 40 }, (_, at) => [`u${at}`, at < 30 ? APR1_PW : SHA256_PW]),
  );

  it('cost what the users of the file cost, in the same proportion', async () => {
    const { auth, asked } = rig(file);
    for (let at = 0; at < 200; at += 1) await auth.authenticate(credentials(`stranger${at}`, 'x'));
    expect(asked).toHaveLength(200);
    const share = asked.filter((stored) => stored === APR1_PW).length / 200;
    expect(share).toBeGreaterThan(0.65);
    expect(share).toBeLessThan(0.85);
  });

  it('cost the same each time, also after another user was added', async () => {
    const made = rig(file);
    const names = Array.from({ length: 100 }, (_, at) => `stranger${at}`);
    for (const name of [...names, ...names]) await made.auth.authenticate(credentials(name, 'x'));
    made.users = usersOf({ first: APR1_PW, ...file });
    for (const name of names) await made.auth.authenticate(credentials(name, 'x'));
    const [first, second, third] = [0, 100, 200].map((from) => made.asked.slice(from, from + 100));
    expect(second).toEqual(first);
    expect(third?.filter((stored, at) => stored !== first?.[at]).length).toBeLessThan(5);
  });
});

describe('one value of credentials, asked about again', () => {
  const again = credentials('bob', 'pw');

  it('is known until its time is over', async () => {
    const it = rig({ bob: APR1_PW });
    await it.auth.authenticate(again);
    expect(it.auth.remembered(again)).toBe('bob');
    it.now = 1001;
    expect(it.auth.remembered(again)).toBeUndefined();
  });

  it.each([
    ['has another password', { bob: SHA256_PW.replace('5q1v', '5q1w') }, undefined],
    ['is gone', { sue: SHA_PASSWORD }, undefined],
    ['was written anew as it was', { bob: APR1_PW }, 'bob'],
  ])('is asked about anew when the entry %s', async (_name, file, expected) => {
    const it = rig({ bob: APR1_PW });
    await it.auth.authenticate(again);
    expect(it.auth.remembered(again)).toBe('bob');
    it.users = usersOf(file);
    expect(it.auth.remembered(again)).toBe(expected);
  });

  it('is nobody under another name', async () => {
    const it = rig({ bob: APR1_PW });
    await it.auth.authenticate(again);
    expect(it.auth.remembered({ ...again, user: 'eve' })).toBeUndefined();
    it.users = usersOf({ bob: APR1_PW, eve: APR1_PW });
    expect(it.auth.remembered({ ...again, user: 'eve' })).toBeUndefined();
    expect(it.auth.remembered(again)).toBe('bob');
  });
});
