import { describe, expect, it } from 'vitest';
import { FIXTURE_RULE, as, shapeOf, useRights } from './rights-fixture.ts';

const RULES = `rules:
  - ${FIXTURE_RULE}
  - { who: bob, repositories: 'mine/**', allow: [pull, push] }
  - { who: 'token:ci', repositories: 'mine/**', allow: pull }
  - { who: carol, repositories: 'secret/here', allow: [pull, push, delete] }
  - { who: anonymous, repositories: 'public/**', allow: pull }
`;
const D = `sha256:${'e'.repeat(64)}`;
/** The repository that a client may see, and ones that do not exist. */
const NAMES = ['secret/here', 'secret/none', 'no-such', 'public-not/x'] as const;
const LINES: readonly ((name: string) => string)[] = [
  (name) => `GET /v2/${name}/tags/list`,
  (name) => `HEAD /v2/${name}/tags/list`,
  (name) => `GET /v2/${name}/manifests/latest`,
  (name) => `HEAD /v2/${name}/manifests/latest`,
  (name) => `GET /v2/${name}/manifests/${D}`,
  (name) => `PUT /v2/${name}/manifests/latest`,
  (name) => `DELETE /v2/${name}/manifests/latest`,
  (name) => `GET /v2/${name}/blobs/${D}`,
  (name) => `HEAD /v2/${name}/blobs/${D}`,
  (name) => `DELETE /v2/${name}/blobs/${D}`,
  (name) => `POST /v2/${name}/blobs/uploads/`,
  (name) => `POST /v2/${name}/blobs/uploads/?mount=${D}&from=mine/app`,
  (name) => `PATCH /v2/${name}/blobs/uploads/x`,
  (name) => `GET /v2/${name}/referrers/${D}`,
];

describe('a repository that one may not see', () => {
  const fixture = useRights({
    rules: RULES,
    users: ['bob', 'carol'],
    machines: [
      { id: 'm-1', name: 'ci' },
      { id: 'm-2', name: 'deploy', scope: [{ repositories: ['mine/**'], allow: ['pull'] }] },
    ],
  });
  const askers = {
    nobody: async () => undefined,
    'nobody, without name and password': async () => 'Basic Og==',
    'nobody, by a token': () => fixture().bearer(undefined),
    'a user': async () => as('bob'),
    'a user, by a token': () => fixture().bearer(as('bob')),
    'a machine with rules': async () => `Basic ${btoa(`ci:${fixture().secrets[0]}`)}`,
    'a machine with a scope': async () => `Basic ${btoa(`deploy:${fixture().secrets[1]}`)}`,
    'a machine with a scope, by a token': () =>
      fixture().bearer(`Basic ${btoa(`deploy:${fixture().secrets[1]}`)}`),
  } satisfies Readonly<Record<string, () => Promise<string | undefined>>>;

  it.each(Object.entries(askers))('is to %s like one that is not there', async (name, credentials) => {
    const authorization = await credentials();
    for (const line of LINES) {
      const shapes: unknown[] = [];
      for (const repository of NAMES) {
        const answer = await fixture().ask(line(repository), authorization);
        expect(answer.status).toBe(name.startsWith('nobody') ? 401 : 403);
        shapes.push(shapeOf(answer, repository));
      }
      expect(shapes).toEqual(shapes.map(() => shapes[0]));
    }
    expect(await fixture().seen()).toEqual([]);
  });

  it('is there for who may', async () => {
    for (const line of LINES)
      expect((await fixture().ask(line('secret/here'), as('carol'))).status).toBe(200);
    expect(await fixture().seen()).toHaveLength(LINES.length);
  });

  it('is not told of by a mount either: where there is none and where it may not be is the same request', async () => {
    const targets = new Set<string>();
    for (const name of NAMES) {
      const line = `POST /v2/mine/app/blobs/uploads/?mount=${D}&from=${name}`;
      expect((await fixture().ask(line, as('bob'))).status).toBe(200);
      for (const { target } of await fixture().seen()) targets.add(target);
    }
    expect([...targets]).toEqual(['/v2/mine/app/blobs/uploads/']);
  });

  it('is not told of by a token: what is asked for comes back without actions', async () => {
    for (const user of ['bob', undefined]) {
      const bodies: string[] = [];
      for (const name of NAMES) {
        const authorization = await fixture().bearer(
          user && as(user),
          `repository:${name}:pull,push,delete,*`,
        );
        const claims = JSON.parse(Buffer.from(authorization.split('.')[1] ?? '', 'base64url').toString());
        bodies.push(JSON.stringify(claims.access).replace(name, 'NAME'));
      }
      expect(new Set(bodies)).toEqual(new Set(['[{"type":"repository","name":"NAME","actions":[]}]']));
    }
  });

  it('is named in a denial by the name that was asked for alone, and the log names the rule of what was allowed', async () => {
    const answer = await fixture().ask('GET /v2/secret/none/tags/list', as('bob'));
    expect(JSON.parse(answer.body).errors[0]).toMatchObject({
      code: 'DENIED',
      message: 'bob may not pull from secret/none: no rule allows it.',
    });
    expect(answer.body).not.toMatch(/here|carol|mine|access\.yml/);
    await fixture().ask('GET /v2/mine/app/tags/list', as('bob'));
    await fixture().seen();
    const lines = fixture().gate.log.map((line) => JSON.parse(line));
    const found = lines.find(({ user, path }) => user === 'bob' && path === '/v2/mine/app/tags/list');
    expect(found?.rule).toMatch(/access\.yml:3$/);
  });
});
