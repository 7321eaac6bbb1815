import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chargedOf, type Principal } from '../../src/auth/principal.ts';
import { PageClient } from '../support/page-client.ts';
import { temporaryFolder, type Folder } from '../support/programs.ts';
import { TEST_PASSWORD, basic, startTestGate, type TestGate } from '../support/test-gate.ts';
import { writeUsers } from './rights-fixture.ts';

/** The most unfinished uploads of one user. */
const MOST = 3;

let folder: Folder;
let gate: TestGate;

beforeAll(async () => {
  folder = await temporaryFolder('tokens-of-one');
  await writeUsers(folder.path, ['alice', 'bob']);
  gate = await startTestGate({
    backend: `embedded:${join(folder.path, 'data')}`,
    limits: { uploadsPerUser: MOST },
    config: {
      pages: 'on',
      state: folder.path,
      users: join(folder.path, 'htpasswd'),
    },
  });
});

afterAll(async () => {
  await gate.close();
  await folder.close();
});

/** Begins an upload. */
async function begin(authorization: string): Promise<{ readonly status: number; readonly location: string }> {
  const { status, location = '' } = await new PageClient(gate).post(
    '/v2/team/app/blobs/uploads/',
    {},
    { authorization, 'content-type': undefined, 'sec-fetch-site': undefined },
  );
  return { status, location };
}

async function makeToken(user: string, purpose: string): Promise<string> {
  const client = new PageClient(gate);
  await client.signIn(user, TEST_PASSWORD);
  const csrf = await client.formToken('/account');
  const wish = { purpose, repositories: 'team/**', days: '30' };
  const { body } = await client.post('/account/make-token', [
    ...Object.entries({ csrf, ...wish }),
    ['allow', 'pull'],
    ['allow', 'push'],
  ]);
  return basic(`${user}-${purpose}`, /rgm_[0-9A-Za-z]{49}/.exec(body)?.[0] ?? '');
}

describe('tokens that a user made', () => {
  it('count for the limits of the user, and not of others', async () => {
    const ways = [
      basic('alice', TEST_PASSWORD),
      await makeToken('alice', 'one'),
      await makeToken('alice', 'two'),
    ];
    const begun = [];
    for (const way of ways) begun.push(await begin(way));
    expect(begun.map(({ status }) => status)).toEqual([202, 202, 202]);
    const more = [];
    for (const way of ways) more.push((await begin(way)).status);
    expect(more).toEqual([429, 429, 429]);
    expect((await begin(await makeToken('bob', 'one'))).status).toBe(202);
  });

  it('go on with no upload of the user, nor of each other', async () => {
    const [one, two] = [await makeToken('bob', 'first'), await makeToken('bob', 'second')];
    const { location } = await begin(one);
    const path = location.replace(/^https:\/\/[^/]*/, '');
    const ask = async (authorization: string): Promise<number> =>
      (await new PageClient(gate).get(path, { authorization })).status;
    expect([await ask(one), await ask(two), await ask(basic('bob', TEST_PASSWORD))]).toEqual([204, 404, 404]);
  });

  it.each<[string, Principal, string]>([
    ['a user', { kind: 'user', name: 'alice' }, 'alice'],
    [
      'a token of a user',
      { kind: 'machine', name: 'alice-ci', scope: [], maker: { name: 'alice', groups: [] } },
      'alice',
    ],
    ['a token that the owner made', { kind: 'machine', name: 'ci', scope: undefined }, 'token:ci'],
    ['nobody', { kind: 'anonymous' }, ''],
  ])('are told from what others have: %s', (_name, principal, expected) => {
    expect(chargedOf(principal)).toBe(expected);
  });
});
