import { describe, expect, it } from 'vitest';
import { Secret } from '../../../src/lib/secret.ts';
import { UNGUARDED } from '../../../src/auth/abuse/guard.ts';
import { createPrincipals } from '../../../src/auth/tokens/principals.ts';
import { createSignInCheck, type SignInCheck } from '../../../src/auth/tokens/sign-in.ts';
import type { SentCredentials } from '../../../src/auth/basic-credentials.ts';
import { makeSecret } from '../../../src/auth/tokens/store/secret-text.ts';
import { createMachineTokens } from '../../../src/auth/tokens/store/token-store.ts';
import { START, directoryOf, machineToken } from './support.ts';

const { token, secret } = machineToken({ networks: ['10.0.0.0/8'] });

interface Started {
  readonly check: SignInCheck;
  /** The names whose passwords were looked at. */
  readonly asked: string[];
  readonly used: string[];
}

function started(users: ReadonlyMap<string, string> = new Map(), meanwhile = (): void => undefined): Started {
  const asked: string[] = [];
  const used: string[] = [];
  const store = { current: () => createMachineTokens([token]) };
  const check = createSignInCheck({
    passwords: {
      remembered: ({ user }) => (user === 'known' ? user : undefined),
      authenticate: async ({ user, password }) => {
        asked.push(user);
        meanwhile();
        if (user === 'late') return { kind: 'busy' };
        return password.reveal() === 'right' ? { kind: 'verified', user } : { kind: 'rejected' };
      },
    },
    tokens: store,
    principals: createPrincipals({
      directory: directoryOf(new Map()),
      tokens: store,
      identities: undefined,
      anonymous: () => false,
      now: () => START,
    }),
    uses: { record: (id) => void used.push(id) },
    guard: UNGUARDED,
    directory: directoryOf(users),
    now: () => START,
  });
  return { check, asked, used };
}

const sent = (user: string, password: string, address = '10.0.0.1'): SentCredentials => ({
  user,
  password: new Secret(password),
  address,
});

describe('signIn', () => {
  it.each([
    [
      'a right password',
      sent('alice', 'right'),
      { kind: 'verified', principal: { kind: 'user', name: 'alice', proof: 'password' } },
    ],
    ['a wrong password', sent('alice', 'wrong'), { kind: 'rejected' }],
    ['too many passwords', sent('late', 'right'), { kind: 'busy' }],
    [
      'a machine',
      sent('ci', secret),
      {
        kind: 'verified',
        principal: { kind: 'machine', name: 'ci', tokenId: 'm-1', proof: 'machine-token' },
      },
    ],
    ['a machine elsewhere', sent('ci', secret, '11.0.0.1'), { kind: 'rejected' }],
    ['a machine under another name', sent('alice', secret), { kind: 'rejected' }],
    ['a revoked machine', sent('ci', makeSecret('machine').secret.reveal()), { kind: 'rejected' }],
  ])('judges %s', async (_name, given, expected) => {
    expect(await started().check.signIn(given)).toMatchObject(expected);
  });

  it('tells which version of the credential was right', async () => {
    const { check } = started(new Map([['alice', '1']]));
    expect(await check.signIn(sent('alice', 'right'))).toMatchObject({ kind: 'verified', version: '1' });
  });

  it.each([
    ['right', 'busy'],
    ['wrong', 'rejected'],
  ])('takes no %s password that was replaced while it was looked at', async (password, kind) => {
    const users = new Map([['alice', '1']]);
    const { check } = started(users, () => users.set('alice', '2'));
    expect(await check.signIn(sent('alice', password))).toEqual({ kind });
  });

  it('never tries the secret of a machine as a password, nor a password as a secret', async () => {
    const { check, asked, used } = started();
    await check.signIn(sent('alice', makeSecret('machine').secret.reveal()));
    await check.signIn(sent('ci', secret, '11.0.0.1'));
    expect([asked, used]).toEqual([[], []]);
    await check.signIn(sent('ci', `${secret}x`));
    expect([asked, used]).toEqual([['ci'], []]);
    await check.signIn(sent('ci', secret));
    expect([asked, used]).toEqual([['ci'], ['m-1']]);
  });
});

describe('remembered', () => {
  it.each([
    [
      'a password checked before',
      sent('known', 'right'),
      { kind: 'user', name: 'known', proof: 'password', groups: [] },
    ],
    ['a password not checked yet', sent('alice', 'right'), undefined],
    [
      'a machine',
      sent('ci', secret),
      { kind: 'machine', name: 'ci', tokenId: 'm-1', proof: 'machine-token', scope: undefined },
    ],
    ['a machine elsewhere, whose name is known', sent('known', secret), undefined],
  ])('answers at once for %s', (_name, given, expected) => {
    expect(started().check.remembered(given)).toEqual(expected);
  });
});
