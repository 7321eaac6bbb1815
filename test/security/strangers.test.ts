import { describe, expect, it } from 'vitest';
import type { RawAnswer } from '../support/raw-client.ts';
import { basic } from '../support/test-gate.ts';
import { HOST, get, raw } from './cases/hostile-case.ts';
import { useCaseFixture } from './run-cases.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;
const CLOSE = 'Connection: close';

/** Status, fields and the length of the body: all that a stranger can compare. */
function shape(answer: RawAnswer | undefined): unknown {
  const headers = answer?.headers.filter(([name]) => name !== 'date');
  const body = answer?.body.replace(/"request":"[^"]*"/, '');
  return { status: answer?.status, headers: headers?.filter(([name]) => name !== 'content-length'), body };
}

describe('a stranger', () => {
  const fixture = useCaseFixture();

  it('gets the same 401 for every path, method and name', async () => {
    const lines = [
      '/v2/',
      '/v2',
      '/v2/_catalog',
      '/v2/known/tags/list',
      '/v2/unknown/tags/list',
      '/v2/a/manifests/latest',

      `/v2/a/blobs/${DIGEST}`,
      '/v2/Bad/tags/list',
      '/v2/_catalog?n=9999',
      '/v2/a/blobs/uploads/x?_state=1',

      '/x',
      '/metrics',
      '/healthz/',
      '/healthz?',
      '/readyz/',
      '/ca.key',
      '/debug/vars',
      '/V2/',
    ].map((target) => `GET ${target}`);
    const others = [
      'DELETE /v2/_catalog',
      'POST /v2/',
      'PUT /v2/a/manifests/x',
      'POST /x',
      'DELETE /v2/a/manifests/x',
    ];
    const expected = shape((await fixture().send(get('/v2/', CLOSE), { stranger: true })).answers[0]);
    const shapes = new Map<string, unknown>();
    for (const line of [...lines, ...others]) {
      const outcome = await fixture().send(raw(`${line} HTTP/1.1`, [HOST, CLOSE]), { stranger: true });
      shapes.set(line, shape(outcome.answers[0]));
    }
    expect(shapes).toEqual(new Map([...shapes.keys()].map((line) => [line, expected])));
    expect(await fixture().wire()).toEqual([]);
  });

  it('is asked for Basic, once, and told so as a registry tells it', async () => {
    const [answer] = (await fixture().send(get('/v2/', CLOSE), { stranger: true })).answers;
    expect(answer?.status).toBe(401);
    expect(answer?.all('www-authenticate')).toEqual(['Basic realm="Registry", charset="UTF-8"']);
    expect(answer?.header('docker-distribution-api-version')).toBe('registry/2.0');
    expect(answer?.header('cache-control')).toBe('no-store');
    expect(answer?.header('content-type')).toBe('application/json; charset=utf-8');
    expect(JSON.parse(answer?.body ?? '')).toMatchObject({ errors: [{ code: 'UNAUTHORIZED' }] });
  });

  it.each(['/healthz', '/ca.crt', '/ca.sha256', '/trust.sh', '/trust.ps1'])('may read %s', async (target) => {
    const outcome = await fixture().send(get(target, CLOSE), { stranger: true });
    expect(outcome.answers.map(({ status }) => status)).toEqual([200]);
    expect(await fixture().wire()).toEqual([]);
  });

  it('opens no connection to the backend, whoever it says it is', async () => {
    const accepted = fixture().backend.accepted();
    const users = [
      'alice',
      '__proto__',
      'constructor',
      'toString',
      'valueOf',
      'hasOwnProperty',
      '',
      'ALICE',
      'alice ',
    ];
    const pairs = users.flatMap((user) =>
      ['wrong', '', 'x'.repeat(73), 'x'.repeat(2000)].map((password) => basic(user, password)),
    );
    const statuses = new Set<number>();
    for (const pair of pairs) {
      const outcome = await fixture().send(get('/v2/', `Authorization: ${pair}`, CLOSE), { stranger: true });
      for (const { status } of outcome.answers) statuses.add(status);
    }
    expect([...statuses]).toEqual([401]);
    expect(fixture().backend.accepted()).toBe(accepted);
  });

  it.each([
    'Basic',
    'Basic ',
    'Basic  YTpi',
    'Basic\tYTpi',
    'Basic YTpi YTpi',
    'Basic dTpw!!',
    'Basic dTpw=',
    'Basic dT pw',

    'Basic dTpwcA',
    'Basic dTpw_-==',
    'Bearer x',
    'Digest username="alice"',
    'Negotiate x',
    'YTpi',
    'Basic OmE=',
    'Basic YTo=',

    'Basic YWxpY2U=',
    'Basic Og==',
    'Basic YQBiOmM=',
    'Basic YQ0KYjpj',
    'Basic /////w==',
    `Basic ${'A'.repeat(10_000)}`,
    'basic:YTpi',
    'Basic,YTpi',
    'BasicYTpi',
    'Basic YTpi,',
    '"Basic YTpi"',
    'Basic\u00a0YTpi',
    '\u00e4',
  ])('is one with Authorization: %s', async (value) => {
    const outcome = await fixture().send(get('/v2/', `Authorization: ${value}`, CLOSE), { stranger: true });
    expect(outcome.answers.map(({ status }) => status)).toEqual([401]);
    expect(await fixture().wire()).toEqual([]);
  });

  it.each(['basic', 'BASIC', 'bAsIc'])('is none where the scheme is written %s', async (scheme) => {
    const value = fixture().gate.authorization.replace('Basic', scheme);
    const outcome = await fixture().send(get('/v2/', `Authorization: ${value}`, CLOSE), { stranger: true });
    expect(outcome.answers.map(({ status }) => status)).toEqual([200]);
    expect(await fixture().wire()).toHaveLength(1);
  });
});
