import { describe, expect, it } from 'vitest';
import { FIXTURE_RULE, as, scopeFor, useRights, type Sent } from './rights-fixture.ts';
import { complaintsAboutForwarded } from './run-cases.ts';

const RULES = `rules:
  - ${FIXTURE_RULE}
  - { who: bob, repositories: 'mine/**', allow: [pull, push] }
  - { who: bob, repositories: 'base/**', allow: pull }
  - { who: carol, repositories: ['**', '!secret/**'], allow: pull }
  - { who: dora, repositories: 'mine/**', allow: delete }
  - { who: ed, repositories: 'drop/**', allow: push }
`;
const D = `sha256:${'d'.repeat(64)}`;
const UPLOADS = '/v2/mine/app/blobs/uploads/';
const SESSION = `${UPLOADS}0b6bd8c8_2f1f`;
const form = (body: string, type = 'application/x-www-form-urlencoded'): Sent => ({
  fields: [`Content-Type: ${type}`],
  body,
});
const SMUGGLED = `mount=${D}&from=secret/x`;
const PART = `--b\r\nContent-Disposition: form-data; name="from"\r\n\r\nsecret/x\r\n--b--\r\n`;

/** Who, what, and the status; where the backend sees it, the target there. */
type Case = readonly [who: string, line: string, status: number, target?: string | undefined, more?: Sent];

const mounts: readonly Case[] = [
  ['bob', `POST ${UPLOADS}?mount=${D}&from=base/os`, 200, `${UPLOADS}?mount=${D}&from=base/os`],
  ['bob', `POST ${UPLOADS}?from=base/os&mount=${D}`, 200, `${UPLOADS}?from=base/os&mount=${D}`],
  ['bob', `POST ${UPLOADS}?mount=${D}&from=secret/x`, 200, UPLOADS],
  ['bob', `POST ${UPLOADS}?from=secret/x&mount=${D}`, 200, UPLOADS],
  ['bob', `POST ${UPLOADS}?from=secret%2fx&mount=sha256%3A${'d'.repeat(64)}`, 200, UPLOADS],
  ['bob', `POST ${UPLOADS}?from=%73ecret/x&mount=${D}`, 200, UPLOADS],
  ['bob', `POST ${UPLOADS}?from=mine&mount=${D}`, 200, UPLOADS],
  ['bob', `POST ${UPLOADS}?from=base&mount=${D}`, 200, UPLOADS],
  ['bob', `POST ${UPLOADS}?mount=${D}`, 200, UPLOADS],
  ['bob', `POST ${UPLOADS}?from=secret/x`, 200, UPLOADS],
  [
    'bob',
    `POST ${UPLOADS}?a=1&mount=${D}&from=secret/x&_state=Zm9v%3D`,
    200,
    `${UPLOADS}?a=1&_state=Zm9v%3D`,
  ],
  ['bob', `POST ${UPLOADS}?digest=${D}&mount=${D}&from=secret/x`, 200, `${UPLOADS}?digest=${D}`],
  ['bob', `POST ${UPLOADS}?mount=${D}&From=secret/x`, 400],
  ['bob', `PUT ${SESSION}?digest=${D}&mount=${D}&from=secret/x`, 200, `${SESSION}?digest=${D}`],
  ['bob', `PATCH ${SESSION}?from=secret/x&_state=Zm9v`, 200, `${SESSION}?_state=Zm9v`],
  ['bob', `POST ${UPLOADS}?mount=${D}&from=base/os&from=secret/x`, 400],
  ['bob', `POST ${UPLOADS}?mount=${D}&from=secret/x&from=base/os`, 400],
  ['bob', `POST ${UPLOADS}?mount=${D}&mount=${D}&from=base/os`, 400],
  ['bob', `POST ${UPLOADS}?mount=${D}&%66rom=secret/x`, 400],
  ['bob', `POST ${UPLOADS}?mount=${D}&from=base/os&%66rom=secret/x`, 400],
  ['bob', `POST ${UPLOADS}?%6dount=${D}&from=secret/x`, 400],
  ['bob', `POST ${UPLOADS}?mount=${D}&from=base/os;from=secret/x`, 200, UPLOADS],
  ['bob', `POST ${UPLOADS}?mount=${D};from=secret/x`, 200, UPLOADS],
  ['bob', `POST ${UPLOADS}?mount=${D}&from=`, 200, UPLOADS],
  ['bob', `POST ${UPLOADS}?mount=&from=secret/x`, 200, UPLOADS],
  ['bob', `POST ${UPLOADS}?mount=${D}&from`, 200, UPLOADS],
  ['bob', `POST ${UPLOADS}?mount=${D}&from=base/os%26from%3Dsecret/x`, 200, UPLOADS],
  ['bob', `POST ${UPLOADS}?mount=${D}&from=base/../secret/x`, 200, UPLOADS],
  ['bob', `POST ${UPLOADS}?mount=${D}&from=base/os%00`, 200, UPLOADS],
  ['bob', `POST ${UPLOADS}?mount=${D}&from=base/os%0a`, 200, UPLOADS],
  ['bob', `POST ${UPLOADS}?mount=${D}&from=/secret/x`, 200, UPLOADS],
  ['bob', `POST ${UPLOADS}?mount=${D}&from=Secret/x`, 200, UPLOADS],
  ['bob', `POST ${UPLOADS}?mount=${D}&from[]=secret/x`, 400],
  ['bob', `POST ${UPLOADS}?mount=${D}&from=secret+x`, 200, UPLOADS],
  ['bob', `POST ${UPLOADS}`, 200, UPLOADS, form(SMUGGLED)],
  [
    'bob',
    `POST ${UPLOADS}?mount=${D}&from=base/os`,
    200,
    `${UPLOADS}?mount=${D}&from=base/os`,
    form('from=secret/x'),
  ],
  ['bob', `POST ${UPLOADS}`, 200, UPLOADS, form(SMUGGLED, 'Application/X-WWW-Form-Urlencoded; charset=x')],
  ['bob', `POST ${UPLOADS}`, 200, UPLOADS, form(PART, 'multipart/form-data; boundary=b')],
  ['bob', `PUT ${SESSION}`, 200, SESSION, form(`digest=${D}`)],
  ['bob', `PATCH ${SESSION}`, 200, SESSION, form('_state=x')],
  [
    'bob',
    `POST ${UPLOADS}?mount=${D}&from=secret/x`,
    200,
    UPLOADS,
    { fields: ['Content-Type: multipart/form-data'] },
  ],
  ['bob', `POST /v2/secret/x/blobs/uploads/?mount=${D}&from=base/os`, 403],
  ['bob', `POST /v2/base/os/blobs/uploads/?mount=${D}&from=mine/app`, 403],
  ['carol', `POST ${UPLOADS}?mount=${D}&from=base/os`, 403],
  ['ed', `POST /v2/drop/a/blobs/uploads/?mount=${D}&from=drop/b`, 200, '/v2/drop/a/blobs/uploads/'],
];

const names: readonly Case[] = [
  ['bob', 'GET /v2/secret%2fx/tags/list', 400],
  ['bob', 'GET /v2/mine%2f..%2fsecret/x/tags/list', 400],
  ['bob', 'GET /v2/%73ecret/x/tags/list', 400],
  ['bob', 'GET /v2/mine/../secret/x/tags/list', 400],
  ['bob', 'GET /v2/mine/./app/tags/list', 400],
  ['bob', 'GET /v2//secret/x/tags/list', 400],
  ['bob', 'GET //v2/secret/x/tags/list', 400],
  ['bob', 'GET /v2/mine/app/..;/secret/tags/list', 400],
  ['bob', 'GET /v2/secret\\x/tags/list', 400],
  ['bob', 'GET /v2/mine/app/tags/list#/../../secret/x', 400],
  ['bob', 'GET http://localhost/v2/secret/x/tags/list', 400],
  ['bob', 'GET /v2/secret/x/tags/list', 403],
  ['bob', 'GET /v2/minex/app/tags/list', 403],
  ['bob', 'GET /v2/mine/tags/list', 403],
  ['bob', 'GET /v2/Mine/app/tags/list', 404],
  ['bob', 'GET /V2/mine/app/tags/list', 404],
  ['bob', 'GET /v2/mine/app/tags/list/', 404],
  ['bob', 'GET /v2/mine/app/manifests/latest/', 404],
  ['bob', 'GET /v2/mine/app/manifests/a/manifests/b', 200, '/v2/mine/app/manifests/a/manifests/b'],
  ['bob', 'GET /v2/secret/mine/app/manifests/latest', 403],
  ['bob', 'GET /v2/secret/x/manifests/mine/tags/list', 403],
  ['bob', 'GET /v2/mine/manifests/tags/list', 200, '/v2/mine/manifests/tags/list'],
  ['bob', 'GET /v2/secret/blobs/uploads/tags/list', 403],
  ['bob', 'GET /v2/mine/blobs/uploads/tags/list', 200, '/v2/mine/blobs/uploads/tags/list'],
  ['bob', `GET /v2/mine/blobs/blobs/${D}`, 200, `/v2/mine/blobs/blobs/${D}`],
  ['bob', `GET /v2/secret/blobs/uploads/blobs/${D}`, 403],
  ['bob', 'POST /v2/secret/blobs/uploads/blobs/uploads/', 403],
  ['bob', `PATCH /v2/secret/x/blobs/uploads/mine/blobs/uploads/1`, 403],
  ['bob', `GET /v2/mine/app/blobs/sha256%3A${'d'.repeat(64)}`, 200, `/v2/mine/app/blobs/${D}`],
  ['bob', `GET /v2/secret/x/blobs/sha256%3A${'d'.repeat(64)}`, 403],
  ['bob', `GET /v2/mine/app/blobs/sha256%253A${'d'.repeat(64)}`, 400],
  ['carol', 'GET /v2/secretx/tags/list', 200, '/v2/secretx/tags/list'],
  ['carol', 'GET /v2/secret/a/b/c/tags/list', 403],
];

const verbs: readonly Case[] = [
  ['bob', `PUT /v2/mine/app/manifests/${D}?tag=a&tag=b`, 200, `/v2/mine/app/manifests/${D}?tag=a&tag=b`],
  ['bob', `PUT /v2/secret/x/manifests/${D}?tag=a&tag=b`, 403],
  ['carol', `PUT /v2/mine/app/manifests/${D}?tag=a&tag=b`, 403],
  ['dora', `PUT /v2/mine/app/manifests/${D}?tag=latest`, 403],
  ['bob', `PUT /v2/mine/app/manifests/${D}?%74ag=a`, 400],
  ['bob', 'PUT /v2/mine/app/manifests/latest', 200, '/v2/mine/app/manifests/latest'],
  ['carol', 'PUT /v2/mine/app/manifests/latest', 403],
  [
    'bob',
    `GET /v2/mine/app/referrers/${D}?artifactType=x`,
    200,
    `/v2/mine/app/referrers/${D}?artifactType=x`,
  ],
  ['bob', `GET /v2/secret/x/referrers/${D}`, 403],
  ['ed', `GET /v2/drop/a/referrers/${D}`, 403],
  ['ed', `HEAD /v2/drop/a/referrers/${D}`, 403],
  ['bob', `DELETE ${SESSION}`, 200, SESSION],
  ['dora', `DELETE ${SESSION}`, 403],
  ['carol', `DELETE ${SESSION}`, 403],
  ['carol', `GET ${SESSION}`, 403],
  ['carol', `HEAD ${SESSION}`, 403],
  ['carol', `PATCH ${SESSION}?_state=x`, 403],
  ['dora', `PUT ${SESSION}?digest=${D}`, 403],
  ['bob', 'PATCH /v2/secret/x/blobs/uploads/0b6bd8c8_2f1f?_state=x', 403],
  ['bob', 'DELETE /v2/secret/x/blobs/uploads/0b6bd8c8_2f1f', 403],
  ['bob', `DELETE /v2/mine/app/manifests/${D}`, 403],
  ['bob', 'DELETE /v2/mine/app/manifests/latest', 403],
  ['bob', `DELETE /v2/mine/app/blobs/${D}`, 403],
  ['dora', `DELETE /v2/mine/app/blobs/${D}`, 200, `/v2/mine/app/blobs/${D}`],
  ['dora', `HEAD /v2/mine/app/blobs/${D}`, 403],
  ['ed', `HEAD /v2/drop/a/blobs/${D}`, 200, `/v2/drop/a/blobs/${D}`],
  ['ed', 'HEAD /v2/drop/a/manifests/1', 200, '/v2/drop/a/manifests/1'],
  ['ed', `GET /v2/drop/a/blobs/${D}`, 403],
  ['ed', 'GET /v2/drop/a/manifests/1', 403],
  ['ed', 'HEAD /v2/drop/a/tags/list', 403],
  ['ed', `HEAD /v2/mine/app/blobs/${D}`, 403],
  ['carol', `DELETE /v2/mine/app/blobs/${D}`, 403, undefined, { fields: ['X-HTTP-Method-Override: GET'] }],
  [
    'bob',
    'GET /v2/secret/x/tags/list',
    403,
    undefined,
    { fields: ['X-Original-URL: /v2/mine/app/tags/list'] },
  ],
  [
    'bob',
    'GET /v2/secret/x/tags/list',
    403,
    undefined,
    { fields: ['X-Remote-User: carol', 'X-Forwarded-User: alice'] },
  ],
];

describe('a way around the rights', () => {
  const fixture = useRights({ rules: RULES, users: ['bob', 'carol', 'dora', 'ed'] });
  const cases = [...mounts, ...names, ...verbs].flatMap((it) =>
    (['a password', 'a token'] as const).map((means) => ({
      it,
      means,
      name: `${it[0]}, by ${means}: ${it[1]} ${JSON.stringify(it[4] ?? '')}`,
    })),
  );

  it.each(cases)('$name', async ({ it: [who, line, status, target, more], means }) => {
    const authorization = means === 'a token' ? await fixture().bearer(as(who), scopeFor(line)) : as(who);
    const answer = await fixture().ask(line, authorization, more);
    const seen = await fixture().seen();
    expect([answer.status, seen.map((request) => request.target)]).toEqual([
      status,
      target === undefined ? [] : [target],
    ]);
    expect(seen.flatMap(complaintsAboutForwarded)).toEqual([]);
    expect(seen.map(({ method }) => method)).toEqual(target === undefined ? [] : [line.split(' ', 1)[0]]);
  });

  it.each(cases.filter(({ means }) => means === 'a password'))(
    'nobody: $name',
    async ({ it: [, line, , , more] }) => {
      const { status } = await fixture().ask(line, undefined, more);
      expect([400, 401]).toContain(status);
      expect(await fixture().seen()).toEqual([]);
    },
  );
});
