import { describe, expect, it } from 'vitest';
import type { Weakness } from '../../../src/auth/passwords/weakness.ts';
import { createOwnerPages, NOW, type OwnerPagesOptions } from '../../support/owner-pages.ts';
import { policyOf } from '../../auth/policy/support.ts';

const DAY = 86_400_000;
const policy = policyOf(`groups: { dev: [alice, bob] }
owners: alice
rules:
  - who: [group:dev, token:ci]
    repositories: ["team/**", "!team/secret/**"]
    allow: [pull, push]
  - who: carol
    repositories: "team/**"
    allow: pull
    networks: 10.0.0.0/8
`);
const HOSTILE = '<script>alert(1)</script>"\'&\u202Eevil';
const token = {
  id: 'm-1f0c9a2b4d',
  name: 'ci',
  hash: 'THE-HASH-OF-THE-TOKEN',
  scope: [{ repositories: ['team/**'], allow: ['pull', 'push'] }],
  networks: ['10.0.0.0/8'],
  created: '2026-10-01T00:00:00.000Z',
  expires: new Date(NOW + 5 * DAY).toISOString(),
  lastUsed: NOW - DAY,
} as const;
const device = {
  id: 'd-1f0c9a2b4d',
  user: 'bob',
  hash: 'THE-HASH-OF-THE-DEVICE',
  fingerprint: 'THE-FINGERPRINT',
  client: HOSTILE,
  agent: 'docker/29',
  address: '192.0.2.7',
  created: '2026-11-01T00:00:00.000Z',
  lastUsed: NOW - DAY,
};
const session = { ...device, id: 's-1f0c9a2b4d', hash: 'THE-HASH-OF-THE-SESSION', agent: HOSTILE };

function pagesWith(more: OwnerPagesOptions = {}) {
  return createOwnerPages({
    user: 'alice',
    policy: () => policy,
    repositories: ['team/app', 'team/secret/plan', 'other/x'],
    users: () => [
      { name: 'alice', scheme: 'bcrypt', weakness: undefined },
      { name: 'bob', scheme: 'bcrypt', weakness: { kind: 'cost', cost: 5, expected: 10 } },
      { name: HOSTILE, scheme: 'bcrypt', weakness: undefined },
    ],
    machines: { all: () => [token], end: async (id) => id === token.id },
    devices: {
      ofUser: (user) => (user === 'bob' ? [device] : []),
      revoke: async (user, ids) => (user === 'bob' && ids?.[0] === device.id ? 1 : 0),
    },
    sessions: {
      ofUser: async (user) => (user === 'bob' ? [session] : []),
      end: async (user, id) => user === 'bob' && id === session.id,
      endAll: async (user) => (user === 'bob' ? 1 : 0),
    },
    ...more,
  });
}

/** The text of a page without its tags, with single spaces. */
function plain(text: string): string {
  return text.replaceAll(/<[^>]*>/g, ' ').replaceAll(/\s+/g, ' ');
}

describe('the page of users', () => {
  it.each(['/users', '/users?user=bob', '/users?view=tokens', '/users?view=rights&repository=team/app'])(
    '%s: holds no hash, no script, and every hostile name as text',
    async (target) => {
      const { status, text } = await pagesWith().get(target);
      expect(status).toBe(200);
      expect(text).not.toMatch(/THE-(?:HASH|FINGERPRINT)|<script>alert/);
    },
  );

  it('says who is an owner, in which groups, and whose hash is weak', async () => {
    const text = plain((await pagesWith().get('/users')).text);
    expect(text).toMatch(/alice owner dev strong bcrypt 0 0 bob dev weak bcrypt cost 5, 10 is expected 1 1/);
    expect(text).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
  });

  it.each<[Weakness, string]>([
    [{ kind: 'cost', cost: 5, expected: 10 }, 'bcrypt 비용 5(권장 10)'],
    [{ kind: 'unsalted' }, '솔트와 반복이 없는 SHA-1'],
    [{ kind: 'no-rounds' }, '반복이 없는 SHA-1'],
    [{ kind: 'md5' }, 'MD5'],
  ])('says in Korean why a hash is weak: %j', async (weakness, expected) => {
    const pages = pagesWith({ users: () => [{ name: 'bob', scheme: 'any', weakness }] });
    expect(plain((await pages.get('/users', 'ko')).text)).toContain(`약함 ${expected} `);
  });

  it('finds users, and shows them in pages', async () => {
    const users = Array.from({ length: 250 }, (_, at) => ({
      name: `user-${String(at).padStart(3, '0')}`,
      scheme: 'bcrypt',
      weakness: undefined,
    }));
    const pages = pagesWith({ users: () => users });
    const namesOf = async (target: string): Promise<readonly (string | undefined)[]> =>
      [...(await pages.get(target)).text.matchAll(/data-row href="[^"]*user=(user-\d+)"/g)].map(
        ([, name]) => name,
      );
    expect((await namesOf('/users')).length).toBe(100);
    expect((await namesOf('/users?page=3')).at(0)).toBe('user-200');
    expect((await namesOf('/users?page=99999999')).length).toBe(100);
    expect(await namesOf('/users?find=-007')).toEqual(['user-007']);
  });

  it('is not found for a user that there is not', async () => {
    expect((await pagesWith().get('/users?user=mallory')).status).toBe(404);
  });

  it('shows tokens with what they may do, until when, and that they end soon', async () => {
    const text = plain((await pagesWith().get('/users?view=tokens')).text);
    expect(text).toMatch(
      /ci m-1f0c9a2b4d pull push team\/\*\* from 10\.0\.0\.0\/8 in 5 days ends soon yesterday/,
    );
  });

  it('shows the rules with their lines', async () => {
    const text = plain((await pagesWith().get('/users?view=rules')).text);
    expect(text).toMatch(/Owners: alice/);
    expect(text).toMatch(/group:dev, token:ci pull push team\/\*\* but not team\/secret\/\*\* access\.yml:4/);
    expect(text).toMatch(/carol pull team\/\*\* only from 10\.0\.0\.0\/8 access\.yml:7/);
  });

  it.each([
    [
      'a user',
      'who=bob&repository=team/app',
      /pull allowed access\.yml:4 push allowed access\.yml:4 delete no access\.yml:4 allows only pull and push/,
    ],
    ['one action', 'who=bob&repository=team/app&action=push', /team\/app push allowed access\.yml:4/],
    [
      'what comes near',
      'who=bob&repository=team/secret/x&action=pull',
      /pull no access\.yml:4 takes it out with !team\/secret\/\*\*/,
    ],
    [
      'an address',
      'who=carol&repository=team/app&action=pull&address=10.1.2.3',
      /pull allowed access\.yml:7/,
    ],
    [
      'no address',
      'who=carol&repository=team/app&action=pull',
      /pull no access\.yml:7 is only for clients in 10\.0\.0\.0\/8/,
    ],
    [
      'a token with a scope',
      'who=token:ci&repository=team/secret/x&action=pull',
      /pull allowed the scope of token:ci/,
    ],
    ['nobody', 'who=mallory&repository=team/app&action=pull', /pull no No rule comes near it\./],
    ['all of a user', 'who=bob', /team\/app allowed access\.yml:4 allowed access\.yml:4 no/],
    [
      'all in a repository',
      'repository=team/app',
      /alice allowed access\.yml:4 allowed access\.yml:4 no bob allowed .* token:ci allowed the scope of token:ci .* any other user no no no anonymous no no no/,
    ],
    ['a name that is none', 'who=a:b:c&repository=team/app', /That is no user/],
    ['a repository that is none', 'who=bob&repository=Team/App', /No repository can have that name/],
    ['an address that is none', 'who=bob&repository=team/app&address=10', /That is no IP address/],
  ])('answers who may do what: %s', async (_name, query, expected) => {
    const { status, text } = await pagesWith().get(`/users?view=rights&${query}`);
    expect(status).toBe(200);
    expect(plain(text)).toMatch(expected);
  });

  it.each([
    ['a scope', 'who=token:ci&repository=team/app&action=pull', /풀 허용 token:ci의 범위/],
    ['actions', 'who=bob&repository=team/app&action=delete', /불가 access\.yml:4 풀, 푸시만 허용/],
    [
      'what a rule takes out',
      'who=bob&repository=team/secret/x&action=pull',
      /불가 access\.yml:4 !team\/secret\/\*\*\(으\)로 제외됨/,
    ],
    [
      'networks',
      'who=carol&repository=team/app&action=pull',
      /불가 access\.yml:7 10\.0\.0\.0\/8에서 접속할 때만 적용/,
    ],
  ])('gives the reasons of rules in Korean too: %s', async (_name, query, expected) => {
    const { text } = await pagesWith().get(`/users?view=rights&${query}`, 'ko');
    expect(plain(text)).toMatch(expected);
  });

  it('lists to an owner no repository that the owner may not see', async () => {
    const { text } = await pagesWith().get('/users?view=rights&who=bob');
    expect(text).toContain('team/app');
    expect(text).not.toContain('team/secret/plan');
    expect(text).not.toContain('other/x');
  });

  it.each([
    ['/owner/revoke', { user: 'bob', id: device.id }, { action: 'revoke', target: 'bob', token: device.id }],
    [
      '/owner/revoke',
      { user: 'token:ci', id: token.id },
      { action: 'revoke', target: 'token:ci', token: token.id },
    ],
    [
      '/owner/revoke',
      { user: 'token:somebody-else', id: token.id },
      { action: 'revoke', target: 'token:ci', token: token.id },
    ],
    [
      '/owner/end-sessions',
      { user: 'bob', id: session.id },
      { action: 'end-sessions', target: 'bob', token: session.id },
    ],
    ['/owner/end-sessions', { user: 'bob' }, { action: 'end-sessions', target: 'bob' }],
  ])('%s of %j is done, and told to the audit log', async (target, form, act) => {
    const pages = pagesWith();
    const { status, text } = await pages.post(target, { csrf: 'the-token', ...form });
    expect([status, text]).toEqual([303, expect.stringMatching(/^\/users\?/)]);
    expect(pages.acts).toEqual([expect.objectContaining({ user: 'alice', address: '192.0.2.1', ...act })]);
  });

  it.each([
    ['/owner/revoke', { user: 'alice', id: device.id }, 303],
    ['/owner/revoke', { user: 'bob', id: '../../etc' }, 400],
    ['/owner/revoke', { user: 'token:ci', id: 'm-0000000000' }, 303],
    ['/owner/revoke', { user: 'bob', id: token.id }, 303],
    ['/owner/revoke', { user: 'bob' }, 400],
    ['/owner/end-sessions', { user: '' }, 400],
    ['/owner/end-sessions', { user: 'alice' }, 303],
  ])('%s of %j changes nothing', async (target, form, expected) => {
    const pages = pagesWith();
    expect((await pages.post(target, { csrf: 'the-token', ...form })).status).toBe(expected);
    expect(pages.acts).toEqual([]);
  });
});
