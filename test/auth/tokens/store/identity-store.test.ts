import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createPrincipals } from '../../../../src/auth/tokens/principals.ts';
import type { Principal } from '../../../../src/auth/principal.ts';
import { openIdentityStore } from '../../../../src/auth/tokens/store/identity-store.ts';
import type {
  IdentityStore,
  IdentityStoreOptions,
} from '../../../../src/auth/tokens/store/identity-store.ts';
import { openKeyRing } from '../../../../src/auth/tokens/store/key-ring.ts';
import { createMachineTokens } from '../../../../src/auth/tokens/store/token-store.ts';
import { makeSecret } from '../../../../src/auth/tokens/store/secret-text.ts';
import { openUseLog } from '../../../../src/auth/tokens/store/use-log.ts';
import { Clock, DAY, START, directoryOf, errorOf, machineToken, makeFolder } from '../support.ts';

const DEVICE = { user: 'alice', client: 'docker', agent: 'docker/27', address: '10.0.0.1' };

let folder: Awaited<ReturnType<typeof makeFolder>>;
let path = '';
let clock: Clock;
let users: Map<string, string>;

beforeEach(async () => {
  folder = await makeFolder();
  path = join(folder.path, 'identity-tokens.json');
  clock = new Clock();
  users = new Map([
    ['alice', 'hash of alice'],
    ['bob', 'hash of bob'],
  ]);
});

afterEach(() => folder.close());

async function opened(more: Partial<IdentityStoreOptions> = {}): Promise<IdentityStore> {
  const keys = await openKeyRing({ path: join(folder.path, 'token-keys.json'), now: clock.now });
  await keys.signer();
  const uses = await openUseLog({ path: join(folder.path, 'token-uses.json'), now: clock.now });
  return openIdentityStore({ path, keys, uses, directory: directoryOf(users), now: clock.now, ...more });
}

async function issued(store: IdentityStore, more: Partial<typeof DEVICE> = {}): Promise<string> {
  return (
    await store.issue({ ...DEVICE, version: users.get(more.user ?? DEVICE.user) ?? '', ...more })
  ).reveal();
}

interface Stored {
  readonly id: string;
  readonly user: string;
}

const stored = async (): Promise<Stored[]> => JSON.parse(await readFile(path, 'utf8')).tokens;

function deviceOf(store: IdentityStore, secret: string): string {
  return store.redeem(secret)?.id ?? 'nobody';
}

describe('an identity token', () => {
  it('is kept hashed, for the owner of the file alone, with what is known of the device', async () => {
    const secret = await issued(await opened());
    const text = await readFile(path, 'utf8');
    expect(text).not.toContain(secret.slice(4, 20));
    expect(text).not.toContain('hash of alice');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await stored()).toMatchObject([{ ...DEVICE, id: expect.stringMatching(/^d-[0-9a-f]{10}$/) }]);
  });

  it('says whose it is, and is one per sign-in', async () => {
    const store = await opened();
    const secrets = [await issued(store), await issued(store), await issued(store, { user: 'bob' })];
    expect(secrets.map((secret) => store.redeem(secret))).toMatchObject([
      { user: 'alice' },
      { user: 'alice' },
      { user: 'bob' },
    ]);
    expect(new Set(secrets.map((secret) => deviceOf(store, secret))).size).toBe(3);
  });

  it.each([
    ['one that nobody made', () => makeSecret('identity').secret.reveal()],
    ['a machine token', () => makeSecret('machine').secret.reveal()],
    ['nothing', () => ''],
    ['one cut off', (secret: string) => secret.slice(0, -1)],
  ])('is not %s', async (_name, spoil) => {
    const store = await opened();
    expect(store.redeem(spoil(await issued(store)))).toBeUndefined();
  });

  it('survives a restart, and reaches another gate by a reload', async () => {
    const other = await opened();
    const secret = await issued(await opened());
    expect(deviceOf(await opened(), secret)).toMatch(/^d-/);
    expect(other.redeem(secret)).toBeUndefined();
    await other.reload();
    expect(deviceOf(other, secret)).toMatch(/^d-/);
  });

  it('keeps what another gate wrote meanwhile', async () => {
    const [one, other] = [await opened(), await opened()];
    await Promise.all([issued(one), issued(other), issued(one), issued(other)]);
    expect(await stored()).toHaveLength(4);
  });

  it.each([
    ['the password changes', () => users.set('alice', 'another hash')],
    ['the user is removed', () => users.delete('alice')],
    ['it was not used for 90 days', () => (clock.at += 90 * DAY)],
  ])('dies when %s, and is dropped at the next sign-in', async (_name, change) => {
    const store = await opened();
    const secret = await issued(store);
    const id = deviceOf(store, secret);
    change();
    expect(store.redeem(secret)).toBeUndefined();
    expect(store.credentialOf(id, 'alice')).toBeUndefined();
    await issued(store, { user: 'bob' });
    expect((await stored()).map(({ user }) => user)).toEqual(['bob']);
  });

  it('does not come back with a user who is made anew', async () => {
    const store = await opened();
    const secret = await issued(store);
    users.set('alice', 'hash of another alice');
    expect(store.redeem(secret)).toBeUndefined();
  });

  it('lives on while it is used', async () => {
    const store = await opened();
    const secret = await issued(store);
    for (let week = 0; week < 30; week += 1) {
      clock.at += 7 * DAY;
      expect(store.redeem(secret)).toBeDefined();
    }
  });

  it('dies when it is revoked', async () => {
    const store = await opened();
    const [gone, kept] = [await issued(store), await issued(store)];
    const tokens = (await stored()).slice(1);
    await writeFile(path, JSON.stringify({ version: 1, tokens }));
    await store.reload();
    expect([store.redeem(gone) === undefined, store.redeem(kept) === undefined]).toEqual([true, false]);
  });

  it('is listed for its user by its last use, and revoked by the user', async () => {
    const store = await opened();
    const [first, second] = [await issued(store), await issued(store)];
    const bob = await issued(store, { user: 'bob' });
    clock.at += DAY;
    const used = deviceOf(store, first);
    expect(store.ofUser('alice').map(({ id, lastUsed }) => [id === used, lastUsed])).toEqual([
      [true, clock.at],
      [false, START],
    ]);
    expect(await store.revoke('bob', [used])).toBe(0);
    expect(await store.revoke('alice', [used])).toBe(1);
    expect([store.redeem(first) === undefined, deviceOf(store, second)]).toEqual([
      true,
      expect.stringMatching(/^d-/),
    ]);
    expect(await store.revoke('alice')).toBe(1);
    expect((await stored()).map(({ user }) => user)).toEqual(['bob']);
    expect(store.redeem(bob)?.user).toBe('bob');
  });

  it('is listed among those of all users by its beginning, as long as it is valid', async () => {
    const store = await opened();
    for (const user of ['alice', 'bob', 'alice']) {
      await issued(store, { user });
      clock.at += 1000;
    }
    expect(store.newest(9).map(({ user }) => user)).toEqual(['alice', 'bob', 'alice']);
    expect(store.newest(2).map(({ user }) => user)).toEqual(['alice', 'bob']);
    users.delete('alice');
    expect(store.newest(9).map(({ user }) => user)).toEqual(['bob']);
  });

  it('makes room for a new one, where a user has too many: the one not used for the longest', async () => {
    const store = await opened({ mostPerUser: 2 });
    const first = await issued(store);
    clock.at += DAY;
    const second = await issued(store);
    clock.at += DAY;
    expect(store.redeem(first)).toBeDefined();
    const bobs = await issued(store, { user: 'bob' });
    const third = await issued(store);
    const alive = [first, second, third, bobs].map((secret) => store.redeem(secret) !== undefined);
    expect(alive).toEqual([true, false, true, true]);
  });

  it('holds nothing of a device that could act on a terminal', async () => {
    await issued(await opened(), { client: '\u001b[2Jdocker', agent: 'x'.repeat(500) });
    expect(await stored()).toMatchObject([{ client: '?[2Jdocker', agent: 'x'.repeat(120) }]);
  });

  it('leaves the tokens as they are when the file is damaged', async () => {
    const store = await opened();
    const secret = await issued(store);
    await writeFile(path, '{');
    expect((await errorOf(store.reload())).code).toBe('STATE_INVALID');
    expect(store.redeem(secret)).toBeDefined();
    expect((await errorOf(opened())).code).toBe('STATE_INVALID');
  });
});

describe('the credential behind a principal', () => {
  const { token } = machineToken({
    expires: new Date(START + DAY).toISOString(),
    networks: ['10.0.0.0/8'],
  });

  const created = (identities: IdentityStore | undefined, anonymous = true) =>
    createPrincipals({
      directory: directoryOf(users),
      tokens: { current: () => createMachineTokens([token]) },
      identities,
      anonymous: () => anonymous,
      now: clock.now,
    });

  it('is the entry of a user, and changes with it', async () => {
    const { credentialOf } = created(undefined);
    const alice = { kind: 'user', name: 'alice' } as const;
    const before = credentialOf(alice);
    users.set('alice', 'another hash');
    expect([before === undefined, credentialOf(alice) === before]).toEqual([false, false]);
    users.delete('alice');
    expect(credentialOf(alice)).toBeUndefined();
  });

  it('is the identity token of a device, of that user, where they are switched on', async () => {
    const store = await opened();
    const device = deviceOf(store, await issued(store));
    const principal = created(store).device('alice', device);
    expect(created(store).credentialOf(principal)).toBeDefined();
    expect(created(store).credentialOf(created(store).device('bob', device))).toBeUndefined();
    expect(created(store).credentialOf(created(store).device('alice', 'd-0'))).toBeUndefined();
    expect(created(undefined).credentialOf(principal)).toBeUndefined();
  });

  it('is the token of a machine, of that name, until its end', () => {
    const { credentialOf } = created(undefined);
    const principal = { kind: 'machine', name: 'ci', tokenId: 'm-1', scope: undefined } as const;
    expect(credentialOf(principal)).toContain(token.hash);
    expect(credentialOf({ ...principal, name: 'other' })).toBeUndefined();
    expect(credentialOf({ ...principal, tokenId: 'm-2' })).toBeUndefined();
    clock.at += DAY;
    expect(credentialOf(principal)).toBeUndefined();
  });

  it('is there for nobody as long as a rule speaks of them', () => {
    expect(created(undefined, true).credentialOf({ kind: 'anonymous' })).toBeDefined();
    expect(created(undefined, false).credentialOf({ kind: 'anonymous' })).toBeUndefined();
  });

  it('is bound to networks where a machine token is', () => {
    const { admit } = created(undefined);
    const admits = (principal: Principal, address: string): boolean =>
      admit(principal, address) !== undefined;
    const machine = { kind: 'machine', name: 'ci', tokenId: 'm-1', scope: undefined } as const;
    const alice = { kind: 'user', name: 'alice' } as const;
    expect([admits(machine, '10.1.1.1'), admits(machine, '11.1.1.1')]).toEqual([true, false]);
    expect([admits(alice, '11.1.1.1'), admits({ kind: 'anonymous' }, '11.1.1.1')]).toEqual([true, true]);
  });
});
