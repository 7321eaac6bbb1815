import { describe, expect, it } from 'vitest';
import { Secret } from '../../../src/lib/secret.ts';
import { syncCredentials, syncSessions } from '../../../src/app/cluster/credential-sync.ts';
import { singleProcess } from '../../../src/app/cluster/cluster-context.ts';
import type { Uses } from '../../../src/auth/tokens/store/use-log.ts';
import { createAuthenticator, type Authenticator } from '../../../src/auth/authenticator.ts';
import { createHtpasswdDirectory } from '../../../src/auth/users/htpasswd-directory.ts';
import { recognizeHash } from '../../../src/auth/passwords/password-hash.ts';
import { createUsers, type Users } from '../../../src/auth/users/user-store.ts';
import { createTopic, isNothing } from '../../../src/cluster/bus.ts';
import { startBus } from '../../cluster/bus-fixture.ts';

const SLOW = '$5$s$5q1vwNY3iR1Qgd9lUFfMdREJ4JkWtNyPttU1A0FAzQ1';
const OTHER = '$1$s$c00NGKNhbhsjQzVJd4kI71';
const ALICE = { user: 'alice', password: new Secret('pw') };
/** What is asked on the same lines arrives after what was told before. */
const ECHO = createTopic('echo', isNothing, isNothing);

interface Worker {
  readonly auth: Authenticator;
  readonly announce: ReturnType<typeof syncCredentials>['tokens'];
  readonly uses: Uses[];
  hashes: number;
  reloads: number;
  users: Users;
}

function usersOf(text: string): Users {
  const found = recognizeHash(text);
  if (found.kind !== 'known') throw new Error(text);
  return createUsers([{ name: 'alice', hash: found.hash }]);
}

function startPair(seeds: readonly number[] = [1, 1]): {
  readonly workers: readonly Worker[];
  untilHeard(): Promise<void>;
} {
  const { broker, buses } = startBus(seeds.length);
  const workers = buses.map((bus): Worker => {
    const secrets = {
      seed: Buffer.alloc(32, seeds[bus.slot]),
      spareKeys: { version: 1, fingerprintKey: 'x'.repeat(43), keys: [] },
    } as const;
    const alike = syncCredentials({ bus, secrets });
    const state = { hashes: 0, reloads: 0, users: usersOf(SLOW), uses: [] as Uses[] };
    const verify = async (): Promise<'match'> => {
      state.hashes += 1;
      return 'match';
    };
    const directory = createHtpasswdDirectory({
      store: { current: () => state.users },
      pool: { verify },
    });
    const auth = createAuthenticator({ directory, now: () => 0, ...alike.passwords });
    alike.follow(auth, {
      reload: async () => void (state.reloads += 1),
      learnUses: (uses) => void state.uses.push(uses),
    });
    bus.handle(ECHO, () => undefined);
    return Object.assign(state, { auth, announce: alike.tokens });
  });
  const untilHeard = async (): Promise<void> => void (await broker.collect(ECHO, undefined));
  return { workers, untilHeard };
}

describe('workers that keep their sign-in alike', () => {
  it('pay for a password once', async () => {
    const { workers, untilHeard } = startPair([1, 1, 1]);
    expect(await workers[0]?.auth.authenticate(ALICE)).toEqual({ kind: 'verified', user: 'alice' });
    await untilHeard();
    expect(workers.map(({ auth }) => auth.remembered(ALICE))).toEqual(['alice', 'alice', 'alice']);
    expect(await workers[2]?.auth.authenticate(ALICE)).toEqual({ kind: 'verified', user: 'alice' });
    expect(workers.map(({ hashes }) => hashes)).toEqual([1, 0, 0]);
  });

  it('know another password of the same user by nothing', async () => {
    const { workers, untilHeard } = startPair();
    await workers[0]?.auth.authenticate(ALICE);
    await untilHeard();
    const wrong = { user: 'alice', password: new Secret('pw2') };
    expect(workers.map(({ auth }) => auth.remembered(wrong))).toEqual([undefined, undefined]);
  });

  it('forget what they heard with the entry, each by its own file', async () => {
    const { workers, untilHeard } = startPair();
    const [one, other] = workers;
    await one?.auth.authenticate(ALICE);
    await untilHeard();
    if (other !== undefined) other.users = usersOf(OTHER);
    expect(other?.auth.remembered(ALICE)).toBeUndefined();
    expect(one?.auth.remembered(ALICE)).toBe('alice');
  });

  it('can make nothing of it without the key of the run', async () => {
    const { workers, untilHeard } = startPair([1, 2]);
    await workers[0]?.auth.authenticate(ALICE);
    await untilHeard();
    expect(workers[1]?.auth.remembered(ALICE)).toBeUndefined();
  });

  it('have all read what was stored before it is given out', async () => {
    const { workers } = startPair([1, 1, 1]);
    await workers[1]?.announce?.onStored();
    expect(workers.map(({ reloads }) => reloads)).toEqual([1, 1, 1]);
  });

  it('tell the others which tokens were used', async () => {
    const { workers, untilHeard } = startPair();
    workers[0]?.announce?.onUses({ 'm-1': 7 });
    await untilHeard();
    expect(workers.map(({ uses }) => uses)).toEqual([[], [{ 'm-1': 7 }]]);
  });

  it('have all read a session before its cookie is given out, and know when others were used', async () => {
    const { broker, buses } = startBus(2);
    const heard = buses.map(() => ({ reloads: 0, uses: [] as Uses[] }));
    const secrets = {
      seed: Buffer.alloc(32),
      spareKeys: { version: 1, fingerprintKey: 'x'.repeat(43), keys: [] },
    } as const;
    const syncs = buses.map((bus) => syncSessions({ bus, secrets }));
    for (const [at, { follow }] of syncs.entries()) {
      const own = heard[at];
      follow({
        reload: async () => own && (own.reloads += 1),
        learnUses: (uses) => void own?.uses.push(uses),
      });
      buses[at]?.handle(ECHO, () => undefined);
    }
    await syncs[0]?.others?.onStored();
    expect(heard.map(({ reloads }) => reloads)).toEqual([1, 1]);
    syncs[0]?.others?.onUses({ 's-1': 7 });
    await broker.collect(ECHO, undefined);
    expect(heard.map(({ uses }) => uses)).toEqual([[], [{ 's-1': 7 }]]);
  });

  it('do nothing where there is one process', () => {
    expect(syncSessions(singleProcess()).others).toBeUndefined();
    const { passwords, tokens } = syncCredentials(singleProcess());
    expect([passwords, tokens]).toEqual([{}, undefined]);
  });
});
