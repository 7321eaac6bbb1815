import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createGuard } from '../../src/auth/abuse/guard.ts';
import type { Attempt } from '../../src/auth/abuse/attempt.ts';
import { createAuthenticator } from '../../src/auth/authenticator.ts';
import type { UserDirectory } from '../../src/auth/directory.ts';
import { decide } from '../../src/auth/policy/decide.ts';
import type { Policy } from '../../src/auth/policy/policy.ts';
import { openTokens, type Tokens } from '../../src/auth/tokens/open-tokens.ts';
import type { TokenAnswer } from '../../src/auth/tokens/token-answer.ts';
import { readTokenForm, readTokenQuery } from '../../src/auth/tokens/token-form.ts';
import { createKeyedHash } from '../../src/lib/keyed-hash.ts';
import { Secret } from '../../src/lib/secret.ts';
import { authenticateHeader, type Authentication } from '../../src/pipeline/access-stages.ts';
import { grantedAccess } from '../../src/pipeline/auth/token-rights.ts';
import { basic } from '../support/test-gate.ts';
import { recordingLogger } from './abuse/support.ts';
import { policyOf, requestOf } from './policy/support.ts';
import { makeFolder } from './tokens/support.ts';

interface Account {
  readonly password: string;
  readonly version: number;
  readonly groups: readonly string[];
}

/** A directory like a service behind the network: it ignores case, knows groups, and has no stored hash. */
class Service implements UserDirectory {
  readonly accounts = new Map<string, Account>();
  /** The names whose passwords it was asked about. */
  readonly asked: string[] = [];
  isDown = false;

  async authenticate({ user, password }: { user: string; password: Secret<string> }) {
    this.asked.push(user);
    await new Promise((resolve) => setImmediate(resolve));
    if (this.isDown) return { kind: 'busy' } as const;
    const name = user.toLowerCase();
    return this.accounts.get(name)?.password === password.reveal()
      ? ({ kind: 'verified', user: name } as const)
      : ({ kind: 'rejected' } as const);
  }

  credentialVersion(user: string): string | undefined {
    return this.accounts.get(user.toLowerCase())?.version.toString();
  }

  groups(user: string): readonly string[] {
    return this.accounts.get(user.toLowerCase())?.groups ?? [];
  }
}

const RULES = `
groups:
  file: [alice]
rules:
  - who: group:file
    repositories: team/**
    allow: pull
  - who: group:ops
    repositories: team/**
    allow: push
`;
const KNOWN = { groups: { has: (name: string) => name === 'ops' } };
const ADDRESS = '10.0.0.1';
const LOGIN = 'offline_token=true&scope=repository:team/app:pull,push';

let folder: Awaited<ReturnType<typeof makeFolder>>;
let service: Service;
let policy: Policy;
let tokens: Tokens;

beforeEach(async () => {
  folder = await makeFolder();
  service = new Service();
  service.accounts.set('alice', { password: 'right', version: 1, groups: ['ops'] });
  service.accounts.set('bob', { password: 'right', version: 1, groups: [] });
  policy = policyOf(RULES, KNOWN);
  tokens = await openTokens({
    state: folder.path,
    service: 'gate.test',
    realm: 'Registry',
    directory: service,
    passwords: createAuthenticator({ directory: service, now: () => performance.now() }),
    grants: (principal, asked, address) => grantedAccess(policy, principal, asked, address),
    anonymous: () => false,
    logger: recordingLogger(),
    now: Date.now,
  });
});

afterEach(async () => {
  await tokens.close();
  await folder.close();
});

function change(user: string, account: Partial<Account>): void {
  const before = service.accounts.get(user);
  if (before !== undefined) service.accounts.set(user, { ...before, ...account });
}

async function authenticated(authorization: string): Promise<Authentication> {
  return authenticateHeader(authorization, { tokens, address: ADDRESS, connection: {} });
}

function fetched(user: string, password: string): Promise<TokenAnswer> {
  const credentials = { user, password: new Secret(password) };
  const authorization = { kind: 'credentials', credentials } as const;
  return tokens.answer(readTokenQuery(LOGIN), { address: ADDRESS, agent: '', authorization });
}

function refreshed(secret: unknown): Promise<TokenAnswer> {
  const form = Buffer.from(`grant_type=refresh_token&refresh_token=${String(secret)}&${LOGIN}`);
  const authorization = { kind: 'anonymous' } as const;
  const asked = readTokenForm('application/x-www-form-urlencoded', form);
  return tokens.answer(asked, { address: ADDRESS, agent: '', authorization });
}

/** Whether the client may do it, by this header. */
async function may(method: string, target: string, authorization: string): Promise<boolean> {
  const found = await authenticated(authorization);
  return (
    found.kind === 'known' && decide(policy, found.principal, requestOf(method, target), ADDRESS).allowed
  );
}

const PULL = ['GET', '/v2/team/app/manifests/latest'] as const;
const PUSH = ['PUT', '/v2/team/app/manifests/latest'] as const;

describe('a directory that is no file', () => {
  it('signs users in, under the names that it has', async () => {
    expect(await authenticated(basic('Alice', 'right'))).toMatchObject({
      kind: 'known',
      principal: { kind: 'user', name: 'alice', proof: 'password', groups: ['ops'] },
    });
    expect(await authenticated(basic('alice', 'wrong'))).toEqual({ kind: 'wrong-password' });
    expect(await authenticated(basic('eve', 'right'))).toEqual({ kind: 'wrong-password' });
  });

  it('is asked once for a password, until the version of the credential changes', async () => {
    for (let time = 0; time < 3; time += 1) await authenticated(basic('alice', 'right'));
    expect(service.asked).toEqual(['alice']);
    change('alice', { password: 'new', version: 2 });
    expect(await authenticated(basic('alice', 'right'))).toEqual({ kind: 'wrong-password' });
    expect(await authenticated(basic('alice', 'new'))).toMatchObject({ kind: 'known' });
    expect(service.asked).toEqual(['alice', 'alice', 'alice']);
  });

  it('makes a client wait while it does not answer, and remembers nothing of it', async () => {
    service.isDown = true;
    expect(await authenticated(basic('alice', 'right'))).toEqual({ kind: 'busy' });
    expect((await fetched('alice', 'right')).status).toBe(503);
    service.isDown = false;
    expect(await authenticated(basic('alice', 'right'))).toMatchObject({ kind: 'known' });
  });

  it('may learn of a user by the first sign-in', async () => {
    const { credentialVersion } = service;
    service.credentialVersion = (user) => (service.asked.includes(user) ? '1' : undefined);
    expect(await authenticated(basic('alice', 'right'))).toMatchObject({ kind: 'known' });
    expect(await authenticated(basic('alice', 'right'))).toMatchObject({ kind: 'known' });
    expect(service.asked).toEqual(['alice']);
    service.credentialVersion = credentialVersion;
  });

  it('stands behind access tokens and identity tokens, which end with the credential', async () => {
    const { status, body } = await fetched('Alice', 'right');
    expect(status).toBe(200);
    const bearer = `Bearer ${String(body['token'])}`;
    expect(await authenticated(bearer)).toMatchObject({
      kind: 'known',
      principal: { kind: 'user', name: 'alice', proof: 'access-token', groups: ['ops'] },
    });
    const again = await refreshed(body['refresh_token']);
    expect([again.status, again.principal?.proof]).toEqual([200, 'identity-token']);
    change('alice', { version: 2 });
    expect(await authenticated(bearer)).toEqual({ kind: 'wrong-token' });
    expect(await authenticated(`Bearer ${String(again.body['token'])}`)).toEqual({ kind: 'wrong-token' });
    expect((await refreshed(body['refresh_token'])).status).toBe(401);
  });

  it('is asked by the guard what is a guess, and of whom', async () => {
    const attempts: Attempt[] = [];
    const guard = createGuard({
      throttle: {
        begin: async (attempt) => {
          attempts.push(attempt);
          return { kind: 'blocked', by: 'user', waitMs: 1 };
        },
        end: async () => 0,
        wrongToken: async () => 0,
      },
      keyed: createKeyedHash(Buffer.alloc(32)),
      directory: service,
    });
    const tried = async (user: string, password: string): Promise<void> => {
      const sent = { user, password: new Secret(password), address: ADDRESS };
      await guard.password(sent, async () => ({ kind: 'rejected' }));
    };
    await tried('alice', 'one');
    await tried('alice', 'one');
    await tried('alice', 'two');
    change('alice', { version: 2 });
    await tried('alice', 'one');
    await tried('eve', 'one');
    expect(attempts.map(({ user }) => user.slice(0, 6))).toEqual([
      ...Array.from({ length: 4 }, () => '=alice'),
      expect.stringMatching(/^#/),
    ]);
    expect(new Set(attempts.map(({ id }) => id)).size).toBe(4);
  });
});

describe('the groups of a directory', () => {
  it('count beside those of the access file', async () => {
    expect(await may(...PULL, basic('alice', 'right'))).toBe(true);
    expect(await may(...PUSH, basic('alice', 'right'))).toBe(true);
    expect(await may(...PULL, basic('bob', 'right'))).toBe(false);
    expect(await may(...PUSH, basic('bob', 'right'))).toBe(false);
  });

  it('count for tokens, and at once when they change', async () => {
    const bearer = `Bearer ${String((await fetched('alice', 'right')).body['token'])}`;
    expect([await may(...PULL, bearer), await may(...PUSH, bearer)]).toEqual([true, true]);
    change('alice', { groups: [] });
    expect([await may(...PULL, bearer), await may(...PUSH, bearer)]).toEqual([true, false]);
    expect(await may(...PUSH, basic('alice', 'right'))).toBe(false);
    change('bob', { groups: ['ops', 'file', 'ops'] });
    expect(await may(...PUSH, basic('bob', 'right'))).toBe(true);
    expect(await may(...PULL, basic('bob', 'right'))).toBe(true);
  });

  it('may be named by a rule only where the directory has them', () => {
    expect(() => policyOf(RULES)).toThrow('there is no group "ops" in this file');
    expect(() => policyOf(RULES.replace('group:ops', 'group:none'), KNOWN)).toThrow('no group "none"');
  });
});
