import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createHtpasswdDirectory } from '../../src/auth/users/htpasswd-directory.ts';
import { openUserStore } from '../../src/auth/users/user-store.ts';
import { sessionCookie } from '../../src/auth/sessions/session-cookie.ts';
import { Secret } from '../../src/lib/secret.ts';
import { openedSessions } from '../auth/sessions/support.ts';
import type { OpenSessions } from '../../src/auth/sessions/open-sessions.ts';
import { FIXTURE_RULE, as, useRights } from './rights-fixture.ts';

const fixture = useRights({
  rules: `rules:
  - ${FIXTURE_RULE}
  - { who: bob, repositories: '**', allow: [pull, push, delete] }
  - { who: anonymous, repositories: 'public/**', allow: pull }
`,
  users: ['bob'],
});

let sessions: OpenSessions;
let secret = '';

beforeAll(async () => {
  const { folder, gate } = fixture();
  const store = await openUserStore({ path: `${folder}/htpasswd` });
  const directory = createHtpasswdDirectory({ store, pool: { verify: async () => 'mismatch' } });
  ({ sessions } = await openedSessions(folder, { now: () => Date.now() }, directory));
  const bob = { name: 'bob', version: directory.credentialVersion('bob') ?? '' };
  secret = (await sessions.begin(bob, { agent: 'Firefox', address: '127.0.0.1' })).reveal();
  await gate.gate.reload();
});
afterAll(() => sessions.close());

const cookie = (): string => `Cookie: ${sessionCookie(new Secret(secret)).split(';', 1)[0]}`;

describe('the cookie of a session is no credential of the registry API', () => {
  it.each([
    ['the ping', 'GET /v2/'],
    ['the catalog', 'GET /v2/_catalog'],
    ['a manifest', 'GET /v2/team/app/manifests/1'],
    ['an upload', 'POST /v2/team/app/blobs/uploads/'],
    ['a delete', 'DELETE /v2/team/app/manifests/1'],
    ['a sign-in at the token service', 'GET /token'],
  ])('%s', async (_name, line) => {
    const answer = await fixture().ask(line, undefined, { fields: [cookie()] });
    expect(answer.status).toBe(401);
    expect(JSON.stringify(answer.headers)).not.toMatch(/set-cookie/i);
  });

  it('a token: it is for nobody, and opens nothing of the user of the cookie', async () => {
    const target = 'GET /token?scope=repository:team/app:pull,push';
    const { status, body } = await fixture().ask(target, undefined, { fields: [cookie()] });
    expect(status).toBe(200);
    const [, claims = ''] = String(JSON.parse(body.toString()).token).split('.');
    expect(JSON.parse(Buffer.from(claims, 'base64url').toString())).toMatchObject({
      sub: '',
      access: [{ name: 'team/app', actions: [] }],
    });
  });

  it.each([
    ['as a password', () => as('bob').replace(/ .*/, ` ${Buffer.from(`bob:${secret}`).toString('base64')}`)],
    ['as a Bearer token', () => `Bearer ${secret}`],
  ])('%s', async (_name, authorization) => {
    expect((await fixture().ask('GET /v2/team/app/manifests/1', authorization())).status).toBe(401);
  });

  it('never reaches the registry', async () => {
    await fixture().seen();
    const fields = [cookie()];
    await fixture().ask('GET /v2/team/app/tags/list', as('bob'), { fields });
    expect(JSON.stringify(await fixture().seen())).not.toContain(secret.slice(4, 20));
  });
});
