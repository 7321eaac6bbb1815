import { describe, expect, it } from 'vitest';
import { HOST, get, post, raw } from './cases/hostile-case.ts';
import { useCaseFixture } from './run-cases.ts';

const CLOSE = 'Connection: close';
const FOREIGN = ['Origin: https://evil.example', 'Sec-Fetch-Site: cross-site', CLOSE];
const HSTS = 'strict-transport-security';
const ANSWERS = [
  ['a public page', get('/healthz', CLOSE), 200],
  ['the registry', get('/v2/', CLOSE), 200],
  ['a path that is none', get('/x', CLOSE), 404],
  ['a refusal', get('/v2/#', CLOSE), 400],
  ['a challenge', get('/x', CLOSE).replace('@AUTH@', ''), 401],
] as const;

describe('R103: HSTS', () => {
  const usual = useCaseFixture();
  const strict = useCaseFixture({
    config: { tls: { certificate: undefined, key: undefined, profile: 'intermediate', hsts: true } },
  });

  it.each(ANSWERS)('is in %s where it is switched on, and nowhere else', async (_name, bytes, status) => {
    const [on] = (await strict().send(bytes)).answers;
    const [off] = (await usual().send(bytes)).answers;
    expect([on?.status, on?.all(HSTS)]).toEqual([status, ['max-age=63072000']]);
    expect([off?.status, off?.all(HSTS)]).toEqual([status, []]);
  });
});

describe('R164: a page of another site', () => {
  const fixture = useCaseFixture();

  it.each([
    ['GET', get('/v2/_catalog', ...FOREIGN)],
    ['GET of a public page', get('/ca.crt', ...FOREIGN)],
    ['a preflight', raw('OPTIONS /v2/ HTTP/1.1', [HOST, ...FOREIGN, 'Access-Control-Request-Method: PUT'])],
    ['a write', post(['Content-Length: 0', ...FOREIGN])],
  ])('is allowed to read nothing: %s', async (_name, bytes) => {
    const [answer] = (await fixture().send(bytes)).answers;
    expect(answer?.headers.filter(([name]) => name.startsWith('access-control-'))).toEqual([]);
    expect(answer?.headers.flat().join()).not.toContain('evil.example');
    await fixture().wire();
  });

  it.each(['POST', 'PUT', 'PATCH', 'DELETE'])('is refused what changes something: %s', async (method) => {
    const target = method === 'POST' ? '/v2/a/blobs/uploads/' : '/v2/a/blobs/uploads/x';
    const length = method === 'DELETE' ? [] : ['Content-Length: 0'];
    for (const site of ['cross-site', 'same-site', 'CROSS-SITE', 'x']) {
      const fields = [HOST, ...length, CLOSE, `Sec-Fetch-Site: ${site}`];
      const outcome = await fixture().send(raw(`${method} ${target} HTTP/1.1`, fields));
      expect(outcome.answers.map(({ status }) => status)).toEqual([403]);
    }
    expect(await fixture().wire()).toEqual([]);
  });

  it('is no page of our own, and no client that is not a browser', async () => {
    for (const fields of [[], ['Sec-Fetch-Site: same-origin'], ['Sec-Fetch-Site: none']]) {
      const outcome = await fixture().send(post(['Content-Length: 0', CLOSE, ...fields]));
      expect(outcome.answers.map(({ status }) => status)).toEqual([200]);
    }
    expect((await fixture().wire()).flatMap(({ requests }) => requests)).toHaveLength(3);
  });
});
