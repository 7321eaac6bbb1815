import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Secret } from '../../../src/lib/secret.ts';
import type { Principal } from '../../../src/auth/principal.ts';
import type { OpenSessions } from '../../../src/auth/sessions/open-sessions.ts';
import { createPageSignIn } from '../../../src/auth/sessions/page-sign-in.ts';
import type { SignInCheck } from '../../../src/auth/tokens/sign-in.ts';
import { ALICE, Clock, directoryOf, makeFolder } from '../tokens/support.ts';
import { openedSessions } from './support.ts';

type Verdict = Awaited<ReturnType<SignInCheck['signIn']>>;

const MACHINE: Principal = { kind: 'machine', name: 'ci', tokenId: 'm-1', scope: undefined };
const FORM = {
  user: 'alice',
  password: new Secret('pw'),
  address: '10.0.0.1',
  agent: 'Firefox',
  cookie: undefined,
};
const VERIFIED: Verdict = { kind: 'verified', principal: ALICE, version: 'hash of alice' };
const THROTTLED = { kind: 'throttled', seconds: 30, message: 'Too many.' } as const;

let folder: Awaited<ReturnType<typeof makeFolder>>;
let sessions: OpenSessions;
const users = new Map<string, string>();

beforeEach(async () => {
  folder = await makeFolder();
  users.set('alice', 'hash of alice');
  ({ sessions } = await openedSessions(folder.path, new Clock(), directoryOf(users)));
});

afterEach(async () => {
  await sessions.close();
  await folder.close();
});

function signingIn(signIn: () => Promise<Verdict>): ReturnType<typeof createPageSignIn> {
  return createPageSignIn({ check: { signIn }, sessions });
}

describe('signing in to the pages', () => {
  it('begins a session for a user whose password is right', async () => {
    const signedIn = await signingIn(async () => VERIFIED)(FORM);
    expect(signedIn).toMatchObject({ kind: 'signed-in', principal: { name: 'alice', proof: 'password' } });
    expect(await sessions.ofUser('alice')).toMatchObject([{ agent: 'Firefox', address: '10.0.0.1' }]);
  });

  it.each<readonly [string, Verdict, object]>([
    ['a wrong password', { kind: 'rejected' }, { kind: 'rejected' }],
    ['too many passwords at once', { kind: 'busy' }, { kind: 'busy', seconds: 5 }],
    ['a guess too many', THROTTLED, THROTTLED],
    [
      'the right secret of a machine',
      { kind: 'verified', principal: MACHINE, version: undefined },
      { kind: 'machine' },
    ],
  ])('begins none for %s', async (_name, verdict, expected) => {
    expect(await signingIn(async () => verdict)(FORM)).toEqual(expected);
    expect(await sessions.ofUser('alice')).toEqual([]);
  });

  it('ends the session that the browser had, whoever it was of', async () => {
    users.set('bob', 'hash of bob');
    const cookie = (await sessions.begin({ name: 'bob', version: 'hash of bob' }, FORM)).reveal();
    const signedIn = await signingIn(async () => VERIFIED)({
      ...FORM,
      cookie,
    });
    expect(signedIn.kind).toBe('signed-in');
    expect([await sessions.ofUser('bob'), await sessions.ofUser('alice')]).toMatchObject([[], [{}]]);
  });

  it('leaves the session that the browser has, where the sign-in fails', async () => {
    const cookie = (await sessions.begin({ name: 'alice', version: 'hash of alice' }, FORM)).reveal();
    await signingIn(async () => ({ kind: 'rejected' }))({ ...FORM, cookie });
    expect((await sessions.use(cookie))?.user).toBe('alice');
  });

  it('opens nothing by a password that was changed while the answer waited', async () => {
    const signIn = signingIn(async () => {
      users.set('alice', 'another hash');
      return VERIFIED;
    });
    const signedIn = await signIn(FORM);
    expect(signedIn.kind === 'signed-in' && (await sessions.use(signedIn.secret.reveal()))).toBeUndefined();
    expect(await sessions.ofUser('alice')).toEqual([]);
  });
});
