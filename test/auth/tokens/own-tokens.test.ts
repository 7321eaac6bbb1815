import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Secret } from '../../../src/lib/secret.ts';
import { createOwnTokens, type OwnTokens, type WishProblem } from '../../../src/auth/tokens/own-tokens.ts';
import { createPrincipals } from '../../../src/auth/tokens/principals.ts';
import { machineTokensFile, withToken } from '../../../src/auth/tokens/store/machine-token.ts';
import { changeState } from '../../../src/auth/tokens/store/state-file.ts';
import { openKeyRing } from '../../../src/auth/tokens/store/key-ring.ts';
import { openTokenStore, type TokenStore } from '../../../src/auth/tokens/store/token-store.ts';
import { Clock, DAY, directoryOf, machineToken, makeFolder } from './support.ts';

const WISH = { purpose: 'ci', repositories: ['team/**'], allow: ['pull' as const], days: 90 };

let folder: Awaited<ReturnType<typeof makeFolder>>;
let path = '';
let clock: Clock;
let users: Map<string, string>;
let store: TokenStore;
let own: OwnTokens;

beforeEach(async () => {
  folder = await makeFolder();
  path = join(folder.path, 'tokens.json');
  clock = new Clock();
  users = new Map([
    ['alice', '1'],
    ['bob', '1'],
    ['alice-bot', '1'],
  ]);
  own = await opened();
});

afterEach(() => folder.close());

/** The tokens as a gate finds them that starts now. */
async function opened(): Promise<OwnTokens> {
  store = await openTokenStore({ path });
  const uses = { lastUse: () => undefined };
  const keys = await openKeyRing({ path: join(folder.path, 'token-keys.json'), now: clock.now });
  return createOwnTokens({ path, store, uses, keys, directory: directoryOf(users), now: clock.now });
}

async function made(
  user = 'alice',
  more: Partial<typeof WISH> = {},
): Promise<{ id: string; secret: string }> {
  const outcome = await own.make(user, { ...WISH, ...more });
  if (outcome.kind !== 'made') throw new Error(outcome.problem);
  return { id: outcome.token.id, secret: outcome.secret.reveal() };
}

/** The file as if no fingerprint had been kept. */
const unmarked = (): object => ({
  version: 1,
  tokens: store.current().all.map((token) => ({ ...token, makerFingerprint: undefined })),
});

const admitted = (secret: string, name = 'alice-ci'): boolean => {
  const sent = { user: name, password: new Secret(secret), address: '10.0.0.1' };
  const token = store.current().authenticate(sent, clock.at);
  const principals = createPrincipals({
    directory: directoryOf(users),
    tokens: store,
    identities: undefined,
    anonymous: () => false,
    now: clock.now,
  });
  return token !== undefined && principals.admit(principals.machine(token), '10.0.0.1') !== undefined;
};

describe('a token that a user makes', () => {
  it('is named after the user, has a scope and an end, and is kept hashed', async () => {
    const { id, secret } = await made();
    const text = await readFile(path, 'utf8');
    expect(secret).toMatch(/^rgm_/);
    expect(text).not.toContain(secret.slice(4, 20));
    expect(JSON.parse(text).tokens).toMatchObject([
      {
        id,
        name: 'alice-ci',
        maker: 'alice',
        scope: [{ repositories: ['team/**'], allow: ['pull'] }],
        expires: new Date(clock.at + 90 * DAY).toISOString(),
      },
    ]);
    expect(own.ofUser('alice')).toMatchObject([{ id, name: 'alice-ci' }]);
    expect(own.ofUser('bob')).toEqual([]);
    expect(admitted(secret)).toBe(true);
  });

  it.each<readonly [string, Partial<typeof WISH>, WishProblem]>([
    ['no purpose', { purpose: '' }, 'name'],
    ['a colon in it', { purpose: 'a:b' }, 'name'],
    ['a space in it', { purpose: 'a b' }, 'name'],
    ['a long purpose', { purpose: 'x'.repeat(65) }, 'name'],
    ['the name of a user', { purpose: 'bot' }, 'taken'],
    ['no repository', { repositories: [] }, 'pattern'],
    ['what only takes out', { repositories: ['!a/**'] }, 'pattern'],
    ['what is no pattern', { repositories: ['A/**'] }, 'pattern'],
    ['what a token is not', { repositories: ['${user}/**'] }, 'pattern'],
    ['too many patterns', { repositories: Array.from({ length: 21 }, (_none, at) => `r${at}`) }, 'pattern'],
    ['no action', { allow: [] }, 'actions'],
    ['no day', { days: 0 }, 'days'],
    ['half a day', { days: 0.5 }, 'days'],
    ['no number', { days: Number.NaN }, 'days'],
    ['more than a year', { days: 366 }, 'days'],
  ])('is refused: %s', async (_name, more, problem) => {
    expect(await own.make('alice', { ...WISH, ...more })).toEqual({ kind: 'refused', problem });
    expect(store.current().all).toEqual([]);
  });

  it('is one of two of its name, and of twenty of its maker', async () => {
    await made();
    await made();
    expect(await own.make('alice', WISH)).toEqual({ kind: 'refused', problem: 'two' });
    for (let nth = 2; nth < 20; nth += 1) await made('alice', { purpose: `n${nth}` });
    expect(await own.make('alice', { ...WISH, purpose: 'more' })).toEqual({
      kind: 'refused',
      problem: 'many',
    });
    expect((await made('bob')).id).toMatch(/^m-/);
  });

  it('does not take the name of a token that somebody else made', async () => {
    const { token } = machineToken({ name: 'alice-ci' });
    await changeState(machineTokensFile(path), (state) => withToken(state, token, clock.at));
    expect(await own.make('alice', WISH)).toEqual({ kind: 'refused', problem: 'taken' });
  });

  it('ends with its maker, and does not come back with another of the name', async () => {
    const { secret } = await made();
    const { secret: other } = await made('bob');
    users.delete('alice');
    expect([admitted(secret), admitted(other, 'bob-ci')]).toEqual([false, true]);
    expect(await own.revokeOrphans()).toBe(1);
    users.set('alice', '2');
    expect([admitted(secret), admitted(other, 'bob-ci')]).toEqual([false, true]);
    expect(await own.revokeOrphans()).toBe(0);
  });

  it.each(['1', '2'])(
    'ends with its maker, also where one of the name with hash %s comes before it is removed',
    async (hash) => {
      const { secret } = await made();
      users.delete('alice');
      const ended = own.revokeOrphans();
      users.set('alice', hash);
      const renewed = own.revokeOrphans();
      expect([await ended, await renewed]).toEqual([1, 0]);
      expect(admitted(secret)).toBe(false);
    },
  );

  it('stays when the password of its maker changes', async () => {
    const { secret } = await made();
    users.set('alice', '2');
    expect(admitted(secret)).toBe(true);
    expect(await own.revokeOrphans()).toBe(0);
    expect(await (await opened()).revokeStrangers()).toBe(0);
    expect(admitted(secret)).toBe(true);
  });

  it('stays over a restart, and is not written for that', async () => {
    const { secret } = await made();
    const before = await readFile(path, 'utf8');
    const again = await opened();
    expect([await again.revokeStrangers(), await again.revokeOrphans()]).toEqual([0, 0]);
    expect([await readFile(path, 'utf8'), admitted(secret)]).toEqual([before, true]);
  });

  it.each<readonly [string, () => unknown]>([
    ['its maker was removed', () => users.delete('alice')],
    ['another user got the name', () => users.set('alice', '2')],
    ['its fingerprint was lost', () => writeFile(path, JSON.stringify(unmarked()))],
    ['the key of the fingerprints was lost', () => rm(join(folder.path, 'token-keys.json'))],
  ])('ends at the start where, while no gate was running, %s', async (_name, meanwhile) => {
    const { secret } = await made();
    await meanwhile();
    await (await opened()).revokeStrangers();
    expect(admitted(secret)).toBe(false);
    expect((await readFile(path, 'utf8')).includes('alice-ci')).toBe(false);
  });

  it('leaves at the start those of others, and those that no user made', async () => {
    const { secret } = await made('bob');
    const { token } = machineToken();
    await changeState(machineTokensFile(path), (state) => withToken(state, token, clock.at));
    users.set('alice', '2');
    expect(await (await opened()).revokeStrangers()).toBe(0);
    expect(admitted(secret, 'bob-ci')).toBe(true);
  });

  it('is revoked by its maker alone', async () => {
    const [first, second] = [await made(), await made('alice', { purpose: 'cd' })];
    expect(await own.revoke('bob', [first.id])).toBe(0);
    expect(await own.revoke('alice', [first.id])).toBe(1);
    expect([admitted(first.secret), admitted(second.secret, 'alice-cd')]).toEqual([false, true]);
    expect(await own.revoke('alice')).toBe(1);
  });

  it('is none where it has no scope, which would open what the rules give its name', async () => {
    const { token } = machineToken({ maker: 'alice', scope: null });
    const { isState } = machineTokensFile(path);
    expect(isState({ version: 1, tokens: [token] })).toBe(false);
    expect(isState({ version: 1, tokens: [{ ...token, maker: undefined }] })).toBe(true);
  });
});
