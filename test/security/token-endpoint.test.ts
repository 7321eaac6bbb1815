import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { until } from '../support/programs.ts';
import { sendRaw } from '../support/raw-client.ts';
import { basic } from '../support/test-gate.ts';
import { FIXTURE_RULE, PASSWORD, as, shapeOf, useRights, type Sent } from './rights-fixture.ts';

const RULES = `rules:
  - ${FIXTURE_RULE}
  - { who: bob, repositories: 'team/**', allow: [pull, push] }
  - { who: anonymous, repositories: 'public/**', allow: pull }
`;
const FORM = 'Content-Type: application/x-www-form-urlencoded';
const BOB = `username=bob&password=${encodeURIComponent(PASSWORD)}`;
const form = (body: string, ...fields: readonly string[]): Sent => ({
  fields: fields.length === 0 ? [FORM] : fields,
  body,
});
const chunks = (body: string): Sent => ({
  fields: [FORM, 'Transfer-Encoding: chunked'],
  body: `${[...body].map((letter) => `1\r\n${letter}\r\n`).join('')}0\r\n\r\n`,
});

interface Granted {
  readonly sub: string;
  readonly access: readonly { readonly name: string; readonly actions: readonly string[] }[];
}

/** What a token says of itself, as `name:actions` in its order. */
function claimsOf(body: string): Granted {
  return JSON.parse(Buffer.from(String(JSON.parse(body).token).split('.')[1] ?? '', 'base64url').toString());
}

/** Name, line, who, status, what is sent with it. */
type Case = [name: string, line: string, as: string | undefined, status: number, more?: Sent];

const refused: readonly Case[] = [
  ['HEAD', 'HEAD /token', as('bob'), 405],
  ['PUT', 'PUT /token', as('bob'), 405, form(BOB)],
  ['DELETE', 'DELETE /token', as('bob'), 405],
  ['PATCH', 'PATCH /token', as('bob'), 405, form(BOB)],
  ['OPTIONS', 'OPTIONS /token', undefined, 204],
  ['TRACE', 'TRACE /token', as('bob'), 405],
  ['a slash more', 'GET /token/', as('bob'), 404],
  ['a path below', 'GET /token/x', as('bob'), 404],
  ['other letters', 'GET /TOKEN', as('bob'), 404],
  ['an escape', 'GET /%74oken', as('bob'), 400],
  ['an escape that is let through', 'GET /token%3a', as('bob'), 404],
  ['two slashes', 'GET //token', as('bob'), 400],
  ['a parameter', 'GET /token;x=1', as('bob'), 400],
  ['dots', 'GET /v2/../token', as('bob'), 400],
  ['below the API', 'GET /v2/token', as('bob'), 404],
  ['a body with GET', 'GET /token', as('bob'), 400, form(BOB)],
  ['nobody who wants nothing', 'GET /token', undefined, 401],
  ['nobody with an empty pair', 'GET /token', 'Basic Og==', 401],
  ['nobody with a scope that is none', 'GET /token?scope=x&scope=repository::pull', undefined, 401],
  [
    'a wrong password where strangers are welcome',
    'GET /token?scope=repository:public/a:pull',
    basic('bob', 'x'),
    401,
  ],
  ['an unknown user there', 'GET /token?scope=repository:public/a:pull', basic('nosuch', 'x'), 401],
  ['an empty name there', 'GET /token?scope=repository:public/a:pull', basic('', 'x'), 401],
  ['an empty password there', 'GET /token?scope=repository:public/a:pull', basic('bob', ''), 401],
  ['a broken pair there', 'GET /token?scope=repository:public/a:pull', 'Basic !', 401],
  ['another scheme there', 'GET /token?scope=repository:public/a:pull', 'Digest x', 401],
  ['a Bearer token there', 'GET /token?scope=repository:public/a:pull', 'Bearer x', 401],
  ['another service', 'GET /token?service=other', as('bob'), 400],
  ['two services', 'GET /token?service=registry-gate&service=other', as('bob'), 400],
  ['two accounts', 'GET /token?account=bob&account=alice', as('bob'), 400],
  ['the account of somebody else', 'GET /token?account=alice', as('bob'), 400],
  ['too many scopes', `GET /token?${'scope=a:b:c&'.repeat(101)}`, as('bob'), 400],
  ['too many scopes in one', `GET /token?scope=${'a+'.repeat(101)}`, as('bob'), 400],
  [
    'too many fields',
    `GET /token?${Array.from({ length: 201 }, (_, at) => `f${at}=`).join('&')}`,
    as('bob'),
    400,
  ],
  ['a password in the query', `GET /token?${BOB}`, undefined, 401],
  [
    'a password in the query of a form',
    `POST /token?grant_type=password&${BOB}`,
    undefined,
    401,
    form('grant_type='),
  ],
  ['JSON', 'POST /token', undefined, 400, form('{}', 'Content-Type: application/json')],
  ['multipart', 'POST /token', undefined, 400, form('x', 'Content-Type: multipart/form-data; boundary=x')],
  ['text', 'POST /token', undefined, 400, form(BOB, 'Content-Type: text/plain')],
  ['no type', 'POST /token', undefined, 400, form(BOB, 'Accept: */*')],
  ['two types', 'POST /token', undefined, 400, form(BOB, FORM, 'content-type: text/plain')],
  ['a type that begins like it', 'POST /token', undefined, 400, form(BOB, `${FORM}x`)],
  [
    'gzip',
    'POST /token',
    undefined,
    400,
    form(gzipSync(`grant_type=password&${BOB}`).toString('latin1'), FORM, 'Content-Encoding: gzip'),
  ],
  ['another grant', 'POST /token', undefined, 400, form('grant_type=client_credentials')],
  ['two grants', 'POST /token', undefined, 400, form(`grant_type=password&grant_type=refresh_token&${BOB}`)],
  ['two names', 'POST /token', undefined, 400, form(`grant_type=password&username=alice&${BOB}`)],
  ['two passwords', 'POST /token', undefined, 400, form(`grant_type=password&${BOB}&password=x`)],
  ['no password', 'POST /token', undefined, 400, form('grant_type=password&username=bob')],
  ['an empty password', 'POST /token', undefined, 401, form('grant_type=password&username=bob&password=')],
  [
    'a wrong password',
    'POST /token',
    undefined,
    401,
    form('grant_type=password&username=bob&password=x&scope=repository:public/a:pull'),
  ],
  [
    'a NUL',
    'POST /token',
    undefined,
    401,
    form(`grant_type=password&username=bob%00&password=${encodeURIComponent(PASSWORD)}`),
  ],
  [
    'a name that objects know',
    'POST /token',
    undefined,
    401,
    form('grant_type=password&username=__proto__&password=x'),
  ],
  [
    'the name of a token',
    'POST /token',
    undefined,
    401,
    form('grant_type=password&username=token:ci&password=x'),
  ],
  ['bytes that are no text', 'POST /token', undefined, 400, form(`grant_type=password&${BOB}&x=\u00ff`)],
  ['credentials in header and form', 'POST /token', as('alice'), 400, form(`grant_type=password&${BOB}`)],
  ['a token in the header and a form', 'POST /token', 'Bearer x', 400, form(`grant_type=password&${BOB}`)],
  ['no identity token', 'POST /token', undefined, 400, form('grant_type=refresh_token')],
  [
    'a wrong identity token',
    'POST /token',
    undefined,
    401,
    form('grant_type=refresh_token&refresh_token=rgi_x'),
  ],
  [
    'a password as an identity token',
    'POST /token',
    undefined,
    401,
    form(`grant_type=refresh_token&refresh_token=${encodeURIComponent(PASSWORD)}`),
  ],
  ['a form of 64 KiB and one byte', 'POST /token', undefined, 413, form('a'.repeat(65_537))],
  [
    'a page of another site',
    'GET /token?offline_token=true',
    as('bob'),
    403,
    { fields: ['Sec-Fetch-Site: cross-site'] },
  ],
  [
    'a page of a neighbour',
    'POST /token',
    undefined,
    403,
    form(`grant_type=password&${BOB}`, FORM, 'Sec-Fetch-Site: same-site'),
  ],
];

const given: readonly Case[] = [
  ['a query that is empty', 'GET /token?', as('bob'), 200],
  ['one that names the account', 'GET /token?account=bob&service=registry-gate', as('bob'), 200],
  ['a form', 'POST /token', undefined, 200, form(`grant_type=password&${BOB}`)],
  ['a form without the grant', 'POST /token', undefined, 200, form(BOB)],
  ['a form with a header', 'POST /token', as('bob'), 200, form('service=registry-gate')],
  ['a form in chunks of one byte', 'POST /token', undefined, 200, chunks(`grant_type=password&${BOB}`)],
  ['a form of 64 KiB', 'POST /token', undefined, 200, form(`${BOB}&x=`.padEnd(65_536, 'a'))],
  [
    'a type with a charset',
    'POST /token',
    undefined,
    200,
    form(BOB, `${FORM.toUpperCase()} ; charset=UTF-8`),
  ],
];

describe('the token service', () => {
  const fixture = useRights({ rules: RULES, users: ['bob'], machines: [{ id: 'm-1', name: 'ci' }] });

  it.each<Case>(refused)('refuses %s', async (...[, line, authorization, status, more]) => {
    const answer = await fixture().ask(line, authorization, more);
    expect(answer.status).toBe(status);
    expect(answer.header('cache-control')).toBe(status === 204 ? undefined : 'no-store');
    expect(answer.header('location')).toBeUndefined();
    expect(answer.body).not.toMatch(/ey[A-Za-z0-9]{10}|rg[mi]_/);
    expect(await fixture().seen()).toEqual([]);
  });

  it.each<Case>(given)('gives one for %s', async (...[, line, authorization, status, more]) => {
    const answer = await fixture().ask(line, authorization, more);
    expect([answer.status, answer.header('cache-control')]).toEqual([status, 'no-store']);
    expect(claimsOf(answer.body).sub).toBe('bob');
    expect(answer.header('set-cookie')).toBeUndefined();
  });

  it.each<[scope: string, granted: readonly string[]]>([
    ['repository:team/app:pull,push', ['team/app:pull,push']],
    ['repository:team/app:push,pull,pull,push', ['team/app:pull,push']],
    ['repository:team/app:*', ['team/app:pull,push']],
    ['repository:team/app:delete', ['team/app:']],
    ['repository:secret/x:pull', ['secret/x:']],
    ['repository:public/x:pull,push', ['public/x:pull']],
    ['repository(plugin):team/app:pull', ['team/app:pull']],
    ['repository:team/app:pull%20repository:secret/x:pull', ['team/app:pull', 'secret/x:']],
    ['repository:team/app:pull&scope=repository:team/app:push', ['team/app:pull,push']],
    ['repository:team/app:pull++repository:team/app:pull+', ['team/app:pull']],
    ['repository:localhost:5000/team/app:pull', []],
    ['repository:**:pull', []],
    ['repository:team/**:pull', []],
    ['repository:Team/app:pull', []],
    ['repository:team/../secret:pull', []],
    ['repository:team/app:PULL', []],
    ['repository:team/app:', []],
    ['repository:team/app', []],
    ['repository:team%0a/app:pull', []],
    ['registry:catalog:*', ['catalog:*']],
    ['registry:other:*', []],
    ['user:bob:*', []],
    ['%ff:%00:%22', []],
  ])('of the scope %s grants %s', async (scope, granted) => {
    const { body } = await fixture().ask(`GET /token?scope=${scope}`, as('bob'));
    const { access } = claimsOf(body);
    expect(access.map(({ name, actions }) => `${name}:${actions.join()}`)).toEqual(granted);
  });

  it('says the same of a name that is not there and of a wrong password', async () => {
    const shapes: unknown[] = [];
    for (const authorization of [
      basic('bob', 'x'),
      basic('nosuch', 'x'),
      basic('__proto__', 'x'),
      basic('ci', 'x'),
    ])
      shapes.push(shapeOf(await fixture().ask('GET /token', authorization)));
    expect(shapes).toEqual(shapes.map(() => shapes[0]));
  });

  it.each(['evil.example', 'evil.example:65535', 'LOCALHOST', '127.0.0.1:443', '[::1]:8443', 'a-b_c.d'])(
    'stands at the host %s of who asks, and nobody else is told of it',
    async (host) => {
      const answer = await fixture().ask('GET /v2/team/x/tags/list', undefined, { host });
      expect([answer.status, answer.header('www-authenticate'), answer.header('cache-control')]).toEqual([
        401,
        `Bearer realm="https://${host}/token",service="registry-gate",scope="repository:team/x:pull"`,
        'no-store',
      ]);
      expect(answer.body).not.toContain(host);
      const next = await fixture().ask('GET /v2/team/x/tags/list');
      expect(next.header('www-authenticate')).toContain('realm="https://localhost/token"');
      const token = await fixture().ask('GET /token?scope=repository:public/a:pull', undefined, { host });
      expect(JSON.stringify([token.body, token.headers, claimsOf(token.body)])).not.toContain(host);
    },
  );

  it.each([
    'evil.example"',
    'evil.example/x',
    'u@evil.example',
    'a, b',
    'a b',
    'evil.example:99999',
    '',
    '"',
    'x\\',
    'x\u00e4',
    '[::1',
  ])('takes no host %s', async (host) => {
    const answer = await fixture().ask('GET /v2/', undefined, { host });
    expect([answer.status, answer.header('www-authenticate')]).toEqual([400, undefined]);
  });

  it('follows no X-Forwarded-Host', async () => {
    const fields = [
      'X-Forwarded-Host: evil.example',
      'Forwarded: host=evil.example',
      'X-Forwarded-Proto: http',
    ];
    const { headers } = await fixture().ask('GET /v2/', undefined, { fields });
    expect(JSON.stringify(headers)).not.toContain('evil');
  });

  it('lets the token of nobody ping, and nothing else that is not open', async () => {
    const nobody = await fixture().bearer(undefined);
    const statuses: number[] = [];
    for (const line of [
      'GET /v2/',
      'HEAD /v2/',
      'GET /v2/public/a/tags/list',
      'GET /v2/_catalog',
      'GET /x',
      'PUT /v2/public/a/manifests/1',
    ])
      statuses.push((await fixture().ask(line, nobody)).status);
    expect(statuses).toEqual([200, 200, 200, 401, 401, 401]);
    expect((await fixture().seen()).map(({ method, target }) => `${method} ${target}`).toSorted()).toEqual([
      'GET /v2/',
      'GET /v2/public/a/tags/list',
      'HEAD /v2/',
    ]);
  });

  it('serves others while forms come slowly, and holds none for long', async () => {
    const { port, ca } = fixture().gate;
    const head = `POST /token HTTP/1.1\r\nHost: x\r\n${FORM}\r\nContent-Length: 200\r\n\r\n`;
    const slow = Array.from({ length: 20 }, () =>
      sendRaw({ port, ca, bytes: [head, ...'slow'], finish: true }),
    );
    expect((await fixture().ask('GET /token', as('bob'))).status).toBe(200);
    const ends = await Promise.all(slow);
    expect(
      ends.flatMap(({ answers }) => answers.map(({ status }) => status)).filter((it) => it < 400),
    ).toEqual([]);
  });

  it('logs who was given a token, and neither the token nor what it was given for', async () => {
    const before = fixture().gate.log.length;
    const secret = fixture().secrets[0] ?? '';
    const login = await fixture().ask(
      'GET /token?account=bob&offline_token=true&scope=repository:team/app:pull',
      as('bob'),
    );
    const { token, refresh_token: identity } = JSON.parse(login.body);
    await fixture().ask('POST /token', undefined, form(`grant_type=refresh_token&refresh_token=${identity}`));
    await fixture().ask('POST /token', undefined, form(`grant_type=password&username=ci&password=${secret}`));
    await fixture().ask('GET /token?scope=repository:public/a:pull');
    await fixture().ask('GET /token', basic('typed-password', 'x'));
    await fixture().ask('GET /v2/team/app/tags/list', `Bearer ${token}`);
    const logged = (): Record<string, unknown>[] =>
      fixture()
        .gate.log.slice(before)
        .map((line) => JSON.parse(line))
        .filter(({ msg }) => msg === 'request');
    await until(
      () => logged().length >= 6 || undefined,
      () => `only ${logged().length} lines`,
    );
    const lines = logged().slice(0, 6);
    expect(lines.map(({ path, user, status }) => [path, user, status])).toEqual([
      ['/token', 'bob', 200],
      ['/token', 'bob', 200],
      ['/token', 'token:ci', 200],
      ['/token', undefined, 200],
      ['/token', undefined, 401],
      ['/v2/team/app/tags/list', 'bob', 200],
    ]);
    const text = fixture().gate.log.join('\n');
    for (const word of [
      token,
      String(token).split('.')[2],
      identity,
      secret,
      PASSWORD,
      'typed-password',
      'offline',
    ])
      expect(text).not.toContain(word);
  });
});
