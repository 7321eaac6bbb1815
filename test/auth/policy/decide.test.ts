import { describe, expect, it } from 'vitest';
import { createNameFilter, decide } from '../../../src/auth/policy/decide.ts';
import type { Principal } from '../../../src/auth/principal.ts';
import { hasAnonymousRules, OPEN_POLICY } from '../../../src/auth/policy/policy.ts';
import { parseScopes } from '../../../src/oci/request/scope.ts';
import { policyOf, requestOf } from './support.ts';

const DIGEST = `sha256:${'0'.repeat(64)}`;

const POLICY = policyOf(`
groups:
  dev: [alice, bob]
rules:
  - who: group:dev
    repositories: ['team/**', '!team/secret/**']
    allow: [pull, push]
  - who: authenticated
    repositories: '\${user}/**'
    allow: [pull, push, delete]
  - who: anonymous
    repositories: public/**
    allow: pull
  - who: [dropper, token:ci]
    repositories: drop/**
    allow: push
  - who: carol
    repositories: office/**
    allow: pull
    networks: [10.0.0.0/8, 'fd00::/8']
`);

const STRANGER: Principal = { kind: 'anonymous' };
const VISITOR: Principal = {
  kind: 'anonymous',
  within: [
    { type: 'repository', name: 'public/x', actions: ['pull'] },
    { type: 'registry', name: 'catalog', actions: [] },
  ],
};
const user = (name: string): Principal => ({ kind: 'user', name: name });
const TOKEN: Principal = { kind: 'machine', name: 'ci', scope: undefined };
const SCOPED: Principal = {
  kind: 'machine',
  name: 'ci',
  scope: [{ repositories: ['team/**', '!team/secret/**'], allow: ['pull', 'push'] }],
};

/** who, what -> the rule that allows it, `unknown` or `denied`. */
const DECISIONS: readonly [name: string, who: Principal, ask: string, expected: string][] = [
  ['a member of the group pulls', user('alice'), 'GET /v2/team/app/manifests/latest', 'access.yml:5'],
  ['a member of the group pushes', user('bob'), 'PUT /v2/team/app/manifests/latest', 'access.yml:5'],
  ['a member of the group does not delete', user('bob'), 'DELETE /v2/team/app/manifests/latest', 'denied'],
  ['what is taken out', user('alice'), 'GET /v2/team/secret/x/manifests/latest', 'denied'],
  ['no member', user('carol'), 'GET /v2/team/app/manifests/latest', 'denied'],
  ['no member, and no such repository', user('carol'), 'GET /v2/team/none/manifests/latest', 'denied'],
  ["one's own corner", user('carol'), 'DELETE /v2/carol/x/manifests/latest', 'access.yml:8'],
  ["another one's corner", user('carol'), 'GET /v2/alice/x/manifests/latest', 'denied'],
  ['a user called .*', user('.*'), 'GET /v2/alice/x/manifests/latest', 'denied'],
  ['a user called **', user('**'), 'GET /v2/alice/x/manifests/latest', 'denied'],
  ['a user called a|alice', user('a|alice'), 'GET /v2/alice/x/manifests/latest', 'denied'],
  ['a user called alice/x', user('alice/x'), 'GET /v2/alice/x/y/manifests/latest', 'denied'],
  ['a user called anonymous', user('anonymous'), 'GET /v2/anonymous/x/tags/list', 'access.yml:8'],
  ['a user called group:dev', user('group:dev'), 'GET /v2/team/app/tags/list', 'denied'],
  ['a user called __proto__', user('__proto__'), 'GET /v2/team/app/tags/list', 'denied'],
  ['a stranger pulls what is public', STRANGER, 'GET /v2/public/x/manifests/latest', 'access.yml:11'],
  ['a stranger looks for what is public', STRANGER, `HEAD /v2/public/x/blobs/${DIGEST}`, 'access.yml:11'],
  ['a stranger does not push there', STRANGER, 'PUT /v2/public/x/manifests/latest', 'unknown'],
  ['a stranger pulls nothing else', STRANGER, 'GET /v2/team/app/manifests/latest', 'unknown'],
  ['a stranger, and no such repository', STRANGER, 'GET /v2/team/none/manifests/latest', 'unknown'],
  ['who has signed in may what a stranger may', user('dave'), 'GET /v2/public/x/tags/list', 'access.yml:11'],
  ['a visitor with a token', VISITOR, 'GET /v2/public/x/manifests/latest', 'access.yml:11'],
  ['a visitor does not push either', VISITOR, 'PUT /v2/public/x/manifests/latest', 'unknown'],
  ['the ping of a stranger is challenged', STRANGER, 'GET /v2/', 'unknown'],
  ['the ping of a visitor with a token is not', VISITOR, 'GET /v2/', 'anonymous token'],
  ['the ping of a user', user('dave'), 'GET /v2/', 'signed in'],
  ['the ping of a token', SCOPED, 'GET /v2/', 'signed in'],
  ['the catalog for a user', user('dave'), 'GET /v2/_catalog', 'signed in'],
  ['the catalog for a stranger', STRANGER, 'GET /v2/_catalog', 'unknown'],
  ['the catalog for a visitor', VISITOR, 'GET /v2/_catalog', 'unknown'],
  ['push alone opens an upload', user('dropper'), 'POST /v2/drop/x/blobs/uploads/', 'access.yml:14'],
  ['push alone goes on with it', user('dropper'), 'PATCH /v2/drop/x/blobs/uploads/u', 'access.yml:14'],
  ['push alone ends it', user('dropper'), `PUT /v2/drop/x/blobs/uploads/u?digest=${DIGEST}`, 'access.yml:14'],
  ['push alone gives it up', user('dropper'), 'DELETE /v2/drop/x/blobs/uploads/u', 'access.yml:14'],
  ['push alone asks how far it is', user('dropper'), 'GET /v2/drop/x/blobs/uploads/u', 'access.yml:14'],
  ['push alone asks for a blob', user('dropper'), `HEAD /v2/drop/x/blobs/${DIGEST}`, 'access.yml:14'],
  ['push alone asks for a manifest', user('dropper'), 'HEAD /v2/drop/x/manifests/1', 'access.yml:14'],
  ['push alone reads no blob', user('dropper'), `GET /v2/drop/x/blobs/${DIGEST}`, 'denied'],
  ['push alone reads no manifest', user('dropper'), 'GET /v2/drop/x/manifests/1', 'denied'],
  ['push alone lists no tags', user('dropper'), 'HEAD /v2/drop/x/tags/list', 'denied'],
  ['push alone overwrites latest', user('dropper'), 'PUT /v2/drop/x/manifests/latest', 'access.yml:14'],
  ['push alone asks nothing elsewhere', user('dropper'), `HEAD /v2/team/app/blobs/${DIGEST}`, 'denied'],
  ['a token by its name', TOKEN, 'POST /v2/drop/x/blobs/uploads/', 'access.yml:14'],
  ['a token is no user', TOKEN, 'GET /v2/ci/x/manifests/latest', 'denied'],
  ['a user is no token', user('ci'), 'POST /v2/drop/x/blobs/uploads/', 'denied'],
  ['a token within its scope', SCOPED, 'PUT /v2/team/app/manifests/latest', 'the scope of token:ci'],
  ['a token looks into its scope', SCOPED, 'GET /v2/team/app/manifests/latest', 'the scope of token:ci'],
  ['a token does not what its scope takes out', SCOPED, 'GET /v2/team/secret/x/tags/list', 'denied'],
  ['no rule widens a scope', SCOPED, 'POST /v2/drop/x/blobs/uploads/', 'denied'],
  ['nor one for strangers', SCOPED, 'GET /v2/public/x/manifests/latest', 'denied'],
  ['a token does not delete in its scope', SCOPED, 'DELETE /v2/team/app/manifests/1', 'denied'],
];

/** A client with a token that was issued for this access. */
const within = (who: Principal, ...scopes: readonly string[]): Principal => ({
  ...who,
  within: parseScopes(scopes),
});
const MOUNT = `POST /v2/drop/x/blobs/uploads/?mount=${DIGEST}&from=drop/y`;

describe('a Bearer token', () => {
  it.each<[string, Principal, string, string]>([
    [
      'opens what it was given out for',
      within(SCOPED, 'repository:team/app:pull'),
      'GET /v2/team/app/tags/list',
      'the scope of token:ci',
    ],
    [
      'opens no other repository',
      within(SCOPED, 'repository:team/app:pull'),
      'GET /v2/team/other/tags/list',
      'unknown',
    ],
    [
      'opens no other action',
      within(SCOPED, 'repository:team/app:pull'),
      'PUT /v2/team/app/manifests/1',
      'unknown',
    ],
    ['opens nothing without a scope', within(user('dropper')), 'POST /v2/drop/x/blobs/uploads/', 'unknown'],
    ['pings without a scope', within(user('dropper')), 'GET /v2/', 'signed in'],
    [
      'looks with the right to push',
      within(user('dropper'), 'repository:drop/x:push'),
      'HEAD /v2/drop/x/manifests/1',
      'access.yml:14',
    ],
    [
      'looks where pull was asked for and not granted',
      within(user('dropper'), 'repository:drop/x:delete'),
      'HEAD /v2/drop/x/manifests/1',
      'access.yml:14',
    ],
    [
      'looks into no other repository',
      within(user('dropper'), 'repository:drop/x:push'),
      'HEAD /v2/drop/y/manifests/1',
      'unknown',
    ],
    [
      'opens the catalog that it was given out for',
      within(user('dave'), 'registry:catalog:*'),
      'GET /v2/_catalog',
      'signed in',
    ],
    [
      'opens no catalog otherwise',
      within(user('dave'), 'repository:public/x:pull'),
      'GET /v2/_catalog',
      'unknown',
    ],
    [
      'is no right by itself',
      within(user('dave'), 'repository:drop/x:push'),
      'POST /v2/drop/x/blobs/uploads/',
      'denied',
    ],
    [
      'of a stranger opens no other public repository',
      within(STRANGER, 'repository:public/x:pull'),
      'GET /v2/public/y/tags/list',
      'unknown',
    ],
  ])('%s', (_name, who, ask, expected) => {
    const [method = '', target = ''] = ask.split(' ');
    const decision = decide(POLICY, who, requestOf(method, target), '192.0.2.1');
    expect(decision.allowed ? decision.rule : decision.because).toBe(expected);
  });

  it.each<[string, Principal, string]>([
    ['both repositories', within(user('eve'), 'repository:drop/x:push', 'repository:drop/y:pull'), 'granted'],
    ['the target alone', within(user('eve'), 'repository:drop/x:push'), 'stripped'],
  ])('for %s takes a blob over accordingly', (_name, who, mount) => {
    const [method = '', target = ''] = MOUNT.split(' ');
    expect(decide(OPEN_POLICY, who, requestOf(method, target), undefined)).toMatchObject({ mount });
  });

  it('for one repository lets no registry look for a blob in all', () => {
    const target = `/v2/drop/x/blobs/uploads/?mount=${DIGEST}`;
    const holder = user('eve');
    expect(decide(OPEN_POLICY, holder, requestOf('POST', target), undefined)).toMatchObject({
      mount: 'granted',
    });
    const bound = within(holder, 'repository:drop/x:pull,push');
    expect(decide(OPEN_POLICY, bound, requestOf('POST', target), undefined)).toMatchObject({
      mount: 'stripped',
    });
  });
});

describe('decide', () => {
  it.each(DECISIONS)('%s', (_name, who, ask, expected) => {
    const [method = '', target = ''] = ask.split(' ');
    const decision = decide(POLICY, who, requestOf(method, target), '192.0.2.1');
    expect(decision.allowed ? decision.rule : decision.because).toBe(expected);
  });

  it.each([
    ['10.1.2.3', true],
    ['::ffff:10.1.2.3', true],
    ['fd12::1', true],
    ['fd12:3:4:5:6:7:8:9', true],
    ['11.0.0.1', false],
    ['fe80::1', false],
    ['fd12::1%eth0', false],
    ['nowhere', false],
    ['', false],
    [undefined, false],
  ])('asked from %s, where a rule is for some networks: %s', (address, allowed) => {
    expect(decide(POLICY, user('carol'), requestOf('GET', '/v2/office/x/tags/list'), address).allowed).toBe(
      allowed,
    );
  });

  it.each([
    ['what they may read', 'team/app', 'granted'],
    ['the same repository', 'alice/x', 'granted'],
    ['what is public', 'public/x', 'granted'],
    ['what is taken out', 'team/secret/x', 'stripped'],
    ['somebody else`s', 'bob/x', 'stripped'],
    ['nothing that exists', 'none', 'stripped'],
  ])('a mount from %s', (_name, from, mount) => {
    const request = requestOf('POST', `/v2/alice/x/blobs/uploads/?mount=${DIGEST}&from=${from}`);
    expect(decide(POLICY, user('alice'), request, undefined)).toMatchObject({ allowed: true, mount });
  });

  it('a mount from where one may only push is none', () => {
    const request = requestOf('POST', `/v2/drop/x/blobs/uploads/?mount=${DIGEST}&from=drop/y`);
    expect(decide(POLICY, user('dropper'), request, undefined)).toMatchObject({
      allowed: true,
      mount: 'stripped',
    });
  });

  it('a mount from anywhere is only for who may read everywhere', () => {
    const request = requestOf('POST', `/v2/alice/x/blobs/uploads/?mount=${DIGEST}`);
    expect(decide(POLICY, user('alice'), request, undefined)).toMatchObject({ mount: 'stripped' });
    expect(decide(OPEN_POLICY, user('alice'), request, undefined)).toMatchObject({ mount: 'granted' });
  });

  it('a mount does not help to push', () => {
    const request = requestOf('POST', `/v2/bob/x/blobs/uploads/?mount=${DIGEST}&from=alice/x`);
    expect(decide(POLICY, user('alice'), request, undefined)).toMatchObject({ allowed: false });
  });

  it('says in one sentence what is missing, the same for what there is and what there is not', () => {
    const ask = (name: string): unknown =>
      decide(POLICY, user('carol'), requestOf('PUT', `/v2/${name}/manifests/1`), undefined);
    expect(ask('team/app')).toEqual({
      allowed: false,
      because: 'denied',
      missing: { action: 'push', repository: 'team/app' },
      sentence: 'carol may not push to team/app: no rule allows it.',
    });
    expect(JSON.stringify(ask('team/none')).replaceAll('team/none', 'team/app')).toBe(
      JSON.stringify(ask('team/app')),
    );
  });

  it('tells a stranger to sign in, and what for', () => {
    expect(decide(POLICY, STRANGER, requestOf('GET', '/v2/team/app/manifests/1'), undefined)).toEqual({
      allowed: false,
      because: 'unknown',
      missing: { action: 'pull', repository: 'team/app' },
      sentence: 'Sign in first: docker login, with the host name that stands in the image name.',
    });
  });

  it.each([
    ['a stranger', STRANGER, false],
    ['a visitor with a token', VISITOR, false],
    ['a user', user('dave'), true],
    ['a token', SCOPED, true],
  ])('what is no path of the registry, asked by %s', (_name, who, allowed) => {
    expect(decide(POLICY, who, undefined, undefined).allowed).toBe(allowed);
    expect(decide(OPEN_POLICY, who, undefined, undefined).allowed).toBe(allowed);
  });

  it.each([
    ['a stranger', STRANGER, 'unknown'],
    ['a visitor with a token', VISITOR, 'unknown'],
    ['a user', user('dave'), 'every user'],
    ['a token', TOKEN, 'every token'],
    ['a token with a scope', SCOPED, 'denied'],
  ])('without rules, everything: %s', (_name, who, expected) => {
    const decision = decide(OPEN_POLICY, who, requestOf('DELETE', '/v2/a/manifests/1'), undefined);
    expect(decision.allowed ? decision.rule : decision.because).toBe(expected);
    expect(decide(OPEN_POLICY, VISITOR, requestOf('GET', '/v2/'), undefined).allowed).toBe(false);
  });

  it("lets a scope that can't be read allow nothing", () => {
    const scope = [{ repositories: ['**', '!Secret/**'], allow: ['pull' as const] }];
    const token: Principal = { kind: 'machine', name: 't', scope };
    expect(decide(OPEN_POLICY, token, requestOf('GET', '/v2/a/manifests/1'), undefined).allowed).toBe(false);
  });
});

describe('the names somebody may see', () => {
  const names = ['alice/x', 'bob/x', 'drop/x', 'office/x', 'public/x', 'team/app', 'team/secret/x'];

  it.each([
    ['a member', user('alice'), ['alice/x', 'public/x', 'team/app']],
    ['a user in the office', user('carol'), ['office/x', 'public/x']],
    ['who may only push', user('dropper'), ['public/x']],
    ['a stranger', STRANGER, ['public/x']],
    ['a token with a scope', SCOPED, ['team/app']],
  ])('%s', (_name, who, expected) => {
    const isVisible = createNameFilter(POLICY, who, '10.0.0.1');
    expect(names.filter((name) => isVisible?.(name))).toEqual(expected);
  });

  it('need no filter where everything may be seen', () => {
    expect(createNameFilter(OPEN_POLICY, user('alice'), undefined)).toBe(undefined);
    expect(createNameFilter(OPEN_POLICY, TOKEN, undefined)).toBe(undefined);
    expect(createNameFilter(OPEN_POLICY, SCOPED, undefined)?.('other')).toBe(false);
    expect(createNameFilter(OPEN_POLICY, STRANGER, undefined)?.('other')).toBe(false);
  });
});

describe('whether strangers are let in at all', () => {
  it.each([
    ['anonymous', true],
    ['authenticated', false],
    ['alice', false],
  ])('by a rule for %s: %s', (who, expected) => {
    const policy = policyOf(`rules: [{ who: ${who}, repositories: a, allow: pull }]`);
    expect(hasAnonymousRules(policy)).toBe(expected);
  });

  it('not without rules', () => {
    expect(hasAnonymousRules(OPEN_POLICY)).toBe(false);
  });
});
