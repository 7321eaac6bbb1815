import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Secret } from '../../../src/lib/secret.ts';
import { createAccessTokens, type AccessTokens } from '../../../src/auth/tokens/access-tokens.ts';
import { createPrincipals } from '../../../src/auth/tokens/principals.ts';
import type { Principal } from '../../../src/auth/principal.ts';
import { openIdentityStore, type IdentityStore } from '../../../src/auth/tokens/store/identity-store.ts';
import { openKeyRing } from '../../../src/auth/tokens/store/key-ring.ts';
import { UNGUARDED } from '../../../src/auth/abuse/guard.ts';
import { createSignInCheck } from '../../../src/auth/tokens/sign-in.ts';
import type { TokenAnswer } from '../../../src/auth/tokens/token-answer.ts';
import { readTokenForm, readTokenQuery, type FormOutcome } from '../../../src/auth/tokens/token-form.ts';
import { createTokenService } from '../../../src/auth/tokens/token-service.ts';
import type { TokenClient, TokenServiceOptions } from '../../../src/auth/tokens/token-service.ts';
import { createMachineTokens } from '../../../src/auth/tokens/store/token-store.ts';
import { openUseLog } from '../../../src/auth/tokens/store/use-log.ts';
import { parseScopes } from '../../../src/oci/request/scope.ts';
import { Clock, START, directoryOf, machineToken, makeFolder } from './support.ts';

const machine = machineToken({ networks: ['10.0.0.0/8'] });
const PUBLIC = 'repository:public/app:pull';

let folder: Awaited<ReturnType<typeof makeFolder>>;
let clock: Clock;
let users: Map<string, string>;
let anonymous: boolean;
let errors: unknown[];
let tokens: AccessTokens;
let identities: IdentityStore;
let options: TokenServiceOptions;

/** Passwords are what stands in the map. The rules: alice pushes to team, everybody pulls public. */
beforeEach(async () => {
  folder = await makeFolder();
  clock = new Clock();
  users = new Map([['alice', 'right']]);
  anonymous = true;
  errors = [];
  const { now } = clock;
  const directory = directoryOf(users);
  const keys = await openKeyRing({ path: join(folder.path, 'token-keys.json'), now });
  const uses = await openUseLog({ path: join(folder.path, 'uses.json'), now });
  identities = await openIdentityStore({
    path: join(folder.path, 'identity.json'),
    keys,
    uses,
    directory,
    now,
  });
  const store = { current: () => createMachineTokens([machine.token]) };
  const principals = createPrincipals({
    directory,
    tokens: store,
    identities,
    anonymous: () => anonymous,
    now,
  });
  tokens = createAccessTokens({
    keys,
    issuer: 'registry-gate',
    service: 'gate.test',
    principals,
    now,
  });
  const passwords = {
    remembered: () => undefined,
    authenticate: async ({ user, password }: { user: string; password: Secret<string> }) => {
      if (user === 'late') return { kind: 'busy' } as const;
      return users.get(user) === password.reveal()
        ? ({ kind: 'verified', user } as const)
        : ({ kind: 'rejected' } as const);
    },
  };
  options = {
    service: 'gate.test',
    realm: 'Registry',
    tokens,
    check: createSignInCheck({
      passwords,
      tokens: store,
      uses,
      principals,
      guard: UNGUARDED,
      directory,
      now,
    }),
    guard: UNGUARDED,
    identities,
    grants: (principal, _asked, address) => [
      ...parseScopes([PUBLIC]),
      ...(isAlice(principal) ? parseScopes(['repository:team/app:pull,push registry:catalog:*']) : []),
      ...(principal.kind === 'machine' ? parseScopes(['repository:ci/app:pull,push']) : []),
      ...(address === '192.0.2.1' ? parseScopes(['repository:office/app:pull']) : []),
    ],
    principals,
    anonymous: () => anonymous,
    onError: (error) => errors.push(error),
  };
});

afterEach(() => folder.close());

const isAlice = (principal: Principal): boolean => principal.kind === 'user' && principal.name === 'alice';

function basic(user: string, password: string): TokenClient['authorization'] {
  return { kind: 'credentials', credentials: { user, password: new Secret(password) } };
}

const NOBODY: TokenClient = { address: '10.0.0.1', agent: 'docker/27', authorization: { kind: 'anonymous' } };
const ALICE: TokenClient = { ...NOBODY, authorization: basic('alice', 'right') };

function ask(
  asked: FormOutcome,
  client: TokenClient,
  more: Partial<TokenServiceOptions> = {},
): Promise<TokenAnswer> {
  return createTokenService({ ...options, ...more })(asked, client);
}

const get = (query: string, client: TokenClient, more?: Partial<TokenServiceOptions>): Promise<TokenAnswer> =>
  ask(readTokenQuery(query), client, more);

const post = (body: string, client = NOBODY, more?: Partial<TokenServiceOptions>): Promise<TokenAnswer> =>
  ask(readTokenForm('application/x-www-form-urlencoded', Buffer.from(body)), client, more);

/** The principal of the token in an answer. */
async function principalOf({ body }: TokenAnswer) {
  const { token } = body;
  return typeof token === 'string' ? tokens.verify(token) : undefined;
}

function refreshTokenOf({ body }: TokenAnswer): string {
  const { refresh_token: secret } = body;
  if (typeof secret !== 'string') throw new Error('no identity token');
  return secret;
}

describe('GET /token', () => {
  it('answers a push', async () => {
    const answer = await get('account=alice&service=gate.test&scope=repository:team/app:push,pull', ALICE);
    expect(answer).toEqual({
      status: 200,
      principal: { kind: 'user', name: 'alice', proof: 'password', groups: [] },
      headers: { 'Cache-Control': 'no-store' },
      body: {
        token: expect.stringMatching(/^ey/),
        access_token: answer.body['token'],
        expires_in: 3600,
        issued_at: new Date(START).toISOString(),
      },
    });
    expect(await principalOf(answer)).toMatchObject({
      kind: 'user',
      name: 'alice',
      within: [{ type: 'repository', name: 'team/app', actions: ['pull', 'push'] }],
    });
  });

  it.each([
    ['more than is granted', 'scope=repository:team/app:*', [['team/app', 'pull', 'push']]],
    ['nothing that is granted', 'scope=repository:secret/app:pull', [['secret/app']]],
    [
      'what is granted and what is not',
      'scope=repository:public/app:pull,push&scope=repository:x:pull',
      [['public/app', 'pull'], ['x']],
    ],
    ['the catalog', 'scope=registry:catalog:*', [['catalog', '*']]],
    ['less than is granted', 'scope=repository:team/app:pull', [['team/app', 'pull']]],
    ['no scope, to sign in', '', []],
  ])('gives a smaller token for %s', async (_name, query, expected) => {
    const held = await principalOf(await get(query, ALICE));
    expect(held?.within?.map(({ name, actions }) => [name, ...actions])).toEqual(expected);
  });

  it('knows from where somebody asks', async () => {
    const held = await principalOf(
      await get('scope=repository:office/app:pull', { ...ALICE, address: '192.0.2.1' }),
    );
    expect(held?.within).toEqual([{ type: 'repository', name: 'office/app', actions: ['pull'] }]);
  });

  it.each<[string, string, TokenClient['authorization'], number]>([
    ['a wrong password', `scope=${PUBLIC}`, basic('alice', 'mistake'), 401],
    ['a stranger', `scope=${PUBLIC}`, basic('eve', 'right'), 401],
    ['a header that is no Basic', `scope=${PUBLIC}`, { kind: 'malformed' }, 401],
    ['a name without password', `scope=${PUBLIC}`, basic('alice', ''), 401],
    ['nobody without scope', 'account=alice&offline_token=true', { kind: 'anonymous' }, 401],
    ['nobody with a scope that is none', 'scope=nonsense', { kind: 'anonymous' }, 401],
    ['another account', 'account=bob', basic('alice', 'right'), 400],
    ['another service', 'service=other', basic('alice', 'right'), 400],
    ['a service twice', 'service=gate.test&service=gate.test', basic('alice', 'right'), 400],
    ['too many at once', '', basic('late', 'right'), 503],
  ])('refuses %s', async (_name, query, authorization, status) => {
    const answer = await get(query, { ...NOBODY, authorization });
    expect([answer.status, 'token' in answer.body]).toEqual([status, false]);
    expect(answer.headers['Cache-Control']).toBe('no-store');
    expect(answer.headers['WWW-Authenticate'] !== undefined).toBe(status === 401);
    expect(answer.body).toMatchObject({
      errors: [{ code: expect.any(String), message: expect.any(String) }],
    });
    expect(JSON.stringify(answer.body)).not.toMatch(/alice|mistake|eve/);
  });

  it('lets nobody pull what is public, where a rule says so', async () => {
    const answer = await get(`scope=${PUBLIC}%20repository:team/app:pull`, NOBODY);
    expect(await principalOf(answer)).toMatchObject({
      kind: 'anonymous',
      within: [
        { name: 'public/app', actions: ['pull'] },
        { name: 'team/app', actions: [] },
      ],
    });
    anonymous = false;
    expect(await principalOf(answer)).toBeUndefined();
    expect((await get(`scope=${PUBLIC}`, NOBODY)).status).toBe(401);
  });

  it('takes the secret of a machine, from its networks, and never gives it an identity token', async () => {
    const client = { ...NOBODY, authorization: basic('ci', machine.secret) };
    const answer = await get('account=ci&offline_token=true&scope=repository:ci/app:pull,push', client);
    expect(await principalOf(answer)).toMatchObject({
      kind: 'machine',
      name: 'ci',
      tokenId: 'm-1',
      within: [{ name: 'ci/app', actions: ['pull', 'push'] }],
    });
    expect(answer.body).not.toHaveProperty('refresh_token');
    expect((await get('', { ...client, address: '11.0.0.1' })).status).toBe(401);
  });
});

describe('POST /token', () => {
  it.each([
    ['a password', 'grant_type=password&username=alice&password=right', NOBODY],
    ['a password without its grant', 'username=alice&password=right', NOBODY],
    ['the header', 'client_id=regclient', ALICE],
  ])('answers %s, and says the scope', async (_name, body, client) => {
    const answer = await post(
      `${body}&service=gate.test&scope=repository:team/app:pull+repository:x:pull`,
      client,
    );
    expect(answer.body).toMatchObject({ expires_in: 3600, scope: 'repository:team/app:pull' });
    expect(await principalOf(answer)).toMatchObject({ kind: 'user', name: 'alice' });
  });

  it('answers nobody', async () => {
    expect(await principalOf(await post(`scope=${PUBLIC}`))).toMatchObject({ kind: 'anonymous' });
  });

  it.each<[string, string, TokenClient, string]>([
    ['a wrong password', 'username=alice&password=wrong', NOBODY, '401 invalid_grant'],
    ['no name and no password', 'grant_type=password&username=&password=', NOBODY, '401 invalid_grant'],
    ['an unknown grant', 'grant_type=client_credentials', NOBODY, '400 unsupported_grant_type'],
    ['credentials in two places', 'username=alice&password=right', ALICE, '400 invalid_request'],
    [
      'an identity token that nobody made',
      'grant_type=refresh_token&refresh_token=x',
      NOBODY,
      '401 invalid_grant',
    ],
    ['too many at once', 'username=late&password=right', NOBODY, '503 temporarily_unavailable'],
  ])('refuses %s', async (_name, body, client, expected) => {
    const answer = await post(body, client);
    expect(`${answer.status} ${String(answer.body['error'])}`).toBe(expected);
  });
});

describe('identity tokens', () => {
  const LOGIN = 'account=alice&client_id=docker&offline_token=true&service=gate.test';

  it('are given to who asks for one, and stand for the password from then on', async () => {
    const secret = refreshTokenOf(await get(LOGIN, ALICE));
    const answer = await post(
      `grant_type=refresh_token&refresh_token=${secret}&client_id=docker&scope=repository:team/app:push`,
    );
    expect(await principalOf(answer)).toMatchObject({
      kind: 'user',
      name: 'alice',
      tokenId: expect.stringMatching(/^d-/),
      within: [{ name: 'team/app', actions: ['push'] }],
    });
    expect(refreshTokenOf(answer)).toBe(secret);
  });

  it('are given by POST with access_type, and not to who does not ask', async () => {
    const body = 'grant_type=password&username=alice&password=right';
    expect(refreshTokenOf(await post(`${body}&access_type=offline`))).toMatch(/^rgi_/);
    expect((await post(body)).body).not.toHaveProperty('refresh_token');
    expect((await get('account=alice', ALICE)).body).not.toHaveProperty('refresh_token');
  });

  it('are given to nobody and for nothing wrong', async () => {
    expect(
      (await get(`${LOGIN}&scope=${PUBLIC}`.replace('account=alice&', ''), NOBODY)).body,
    ).not.toHaveProperty('refresh_token');
    const wrong = { ...NOBODY, authorization: basic('alice', 'wrong') };
    expect((await get(LOGIN, wrong)).body).not.toHaveProperty('refresh_token');
  });

  it('end with the password, and their access tokens with them', async () => {
    const secret = refreshTokenOf(await get(LOGIN, ALICE));
    const refresh = `grant_type=refresh_token&refresh_token=${secret}`;
    const answer = await post(refresh);
    expect(await principalOf(answer)).toBeDefined();
    users.set('alice', 'new');
    expect(await principalOf(answer)).toBeUndefined();
    expect((await post(refresh)).status).toBe(401);
  });

  it('can be switched off: no new ones, and the old ones answered like an unknown grant', async () => {
    const secret = refreshTokenOf(await get(LOGIN, ALICE));
    const off = { identities: undefined };
    const answer = await get(LOGIN, ALICE, off);
    expect([answer.status, 'refresh_token' in answer.body]).toEqual([200, false]);
    expect(await post(`grant_type=refresh_token&refresh_token=${secret}`, NOBODY, off)).toMatchObject({
      status: 400,
      body: { error: 'unsupported_grant_type' },
    });
  });

  it('are left out where none can be written down', async () => {
    const broken: IdentityStore = { ...identities, issue: () => Promise.reject(new Error('disk full')) };
    const answer = await get(LOGIN, ALICE, { identities: broken });
    expect([answer.status, 'refresh_token' in answer.body, errors.length]).toEqual([200, false, 1]);
    expect(await principalOf(answer)).toBeDefined();
  });
});
