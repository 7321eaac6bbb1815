import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bodyLimit, judgeBody, type BodyHead } from '../../../src/oci/request/body.ts';
import { parseRegistryRequest, parseQuery, renderQuery } from '../../../src/oci/request/parse.ts';
import type { ParseOutcome, RegistryRequest } from '../../../src/oci/request/parse.ts';
import { createProblem, renderProblem } from '../../../src/oci/problem.ts';

const FORM = 'application/x-www-form-urlencoded';
const DIGEST = `sha256:${'a'.repeat(64)}`;

function requestOf(method: string, target: string): RegistryRequest {
  const outcome = parseRegistryRequest(method, target);
  if (outcome.kind !== 'request') throw new Error(`${method} ${target}: ${outcome.kind}`);
  return outcome.request;
}

describe('parseRegistryRequest', () => {
  it.each([
    ['GET', '/v2/', undefined],
    ['GET', '/v2/_catalog', undefined],
    ['GET', '/v2/a/tags/list', 'pull'],
    ['HEAD', '/v2/a/manifests/latest', 'pull'],
    ['GET', `/v2/a/blobs/${DIGEST}`, 'pull'],
    ['GET', `/v2/a/referrers/${DIGEST}`, 'pull'],
    ['PUT', '/v2/a/manifests/latest', 'push'],
    ['DELETE', '/v2/a/manifests/latest', 'delete'],
    ['DELETE', `/v2/a/blobs/${DIGEST}`, 'delete'],
    ['POST', '/v2/a/blobs/uploads/', 'push'],
    ['PATCH', '/v2/a/blobs/uploads/x', 'push'],
    ['PUT', `/v2/a/blobs/uploads/x?digest=${DIGEST}`, 'push'],
    ['GET', '/v2/a/blobs/uploads/x', 'push'],
    ['HEAD', '/v2/a/blobs/uploads/x', 'push'],
    ['DELETE', '/v2/a/blobs/uploads/x', 'push'],
  ])('%s %s needs %s', (method, target, action) => {
    expect(requestOf(method, target).action).toBe(action);
  });

  it.each([
    ['/v2', '/v2/'],
    ['/v2/?', '/v2/'],
    ['/v2/?&&', '/v2/'],
    ['/v2/a/tags/list?n=5&last=b', '/v2/a/tags/list?n=5&last=b'],
    ['/v2/a/tags/list?&n=5&', '/v2/a/tags/list?n=5'],
    ['/v2/a/blobs/uploads/x?_state=a%2Bb%2F%3d+c', '/v2/a/blobs/uploads/x?_state=a%2Bb%2F%3d+c'],
    [`/v2/a/blobs/sha256%3a${'a'.repeat(64)}`, `/v2/a/blobs/${DIGEST}`],
    ['/v2/a/manifests/x?tag=a&tag=b', '/v2/a/manifests/x?tag=a&tag=b'],
    ['/v2/_catalog?n=1000', '/v2/_catalog?n=1000'],
    ['/v2/_catalog?last=b&n=1001', '/v2/_catalog?last=b&n=1000'],
    ['/v2/_catalog?n=&last=', '/v2/_catalog'],
    ['/v2/_catalog?n=x', '/v2/_catalog'],
    ['/v2/a/tags/list?n=1001', '/v2/a/tags/list?n=1001'],
    ['/v2/a/tags/list?n=99999999999', '/v2/a/tags/list'],
    ['/v2/a/tags/list?mount=x&from=b&n=5', '/v2/a/tags/list?n=5'],
  ])('sends %s on as %s', (target, expected) => {
    const method = 'GET';
    expect(requestOf(method, target).target).toBe(expected);
  });

  it.each<readonly [string, string, Partial<ParseOutcome>]>([
    ['GET', '/', { kind: 'unknown' }],
    ['GET', '/v2/A/tags/list', { kind: 'unknown' }],
    ['GET', '/v2/a/tags/list#', { kind: 'unknown' }],
    ['POST', '/v2/', { kind: 'method', allow: ['GET', 'HEAD'] }],
    ['get', '/v2/', { kind: 'method' }],
    ['OPTIONS', '/v2/', { kind: 'method' }],
    ['constructor', '/v2/', { kind: 'method' }],
    ['GET', '/v2/a/blobs/uploads/', { kind: 'method', allow: ['POST'] }],
    ['PUT', '/v2/a/blobs/uploads/x?digest=latest', { kind: 'invalid', code: 'DIGEST_INVALID' }],
    ['POST', `/v2/a/blobs/uploads/?Mount=${DIGEST}&from=b`, { kind: 'invalid', code: 'UNSUPPORTED' }],
  ])('%s %s is %o', (method, target, expected) => {
    expect(parseRegistryRequest(method, target)).toMatchObject(expected);
  });

  it.each([
    [`?mount=${DIGEST}&from=b/c`, { digest: DIGEST, from: 'b/c' }],
    [`?from=b%2Fc&mount=${DIGEST.replace(':', '%3A')}`, { digest: DIGEST, from: 'b/c' }],
    [`?mount=${DIGEST}`, undefined],
    ['?from=b', undefined],
    [`?mount=${DIGEST}&from=`, undefined],
    [`?mount=${DIGEST}&from=B`, undefined],
    [`?mount=${DIGEST}&from=localhost:5000/a`, undefined],
    [`?mount=${DIGEST}&from=%ff`, undefined],
    [`?mount=${DIGEST}&from=secret%c0%afa`, undefined],
    ['?mount=latest&from=b', undefined],
    ['', undefined],
  ])('reads the mount of POST %s', (query, mount) => {
    const request = requestOf('POST', `/v2/a/blobs/uploads/${query}`);
    expect(request.mount).toEqual(mount);
    // A mount that can't be judged never reaches the registry, nor does one half of a mount.
    const mountAlone = query === `?mount=${DIGEST}` ? ['mount'] : [];
    const sent = mount === undefined ? mountAlone : ['mount', 'from'];
    expect(request.query.pairs.map(({ key }) => key).toSorted()).toEqual(sent.toSorted());
  });

  it('sends on only what reads back to itself, whatever is asked', () => {
    const path = fc.constantFrom(
      '/v2/',
      '/v2',
      '/v2/_catalog',
      '/v2/a/b/tags/list',
      '/v2/a/manifests/x',
      `/v2/a/blobs/${DIGEST}`,
      '/v2/a/blobs/uploads/',
      '/v2/a/blobs/uploads/x',
      '/v2/A',
    );
    const key = fc.constantFrom(
      'n',
      'last',
      'mount',
      'from',
      'digest',
      '_state',
      'tag',
      '%66rom',
      'a b',
      '',
      '__proto__',
    );
    const value = fc.oneof(
      fc.constantFrom(
        '1',
        '5000',
        DIGEST,
        'a/b',
        'a%2Fb',
        '%',
        '%zz',
        '%c0%ae',
        'a+b',
        ';',
        '',
        '=',
        '%00',
        '\u00fc',
      ),
      fc.string({ maxLength: 8 }),
    );
    const pair = fc.tuple(key, fc.option(value)).map(([k, v]) => (v === null ? k : `${k}=${v}`));
    const target = fc
      .tuple(path, fc.array(pair, { maxLength: 4 }))
      .map(([p, pairs]) => `${p}?${pairs.join('&')}`);
    fc.assert(
      fc.property(fc.constantFrom('GET', 'POST', 'PUT', 'DELETE'), target, (method, text) => {
        const outcome = parseRegistryRequest(method, text);
        if (outcome.kind !== 'request') return;
        const again = requestOf(method, outcome.request.target);
        expect(again.target).toBe(outcome.request.target);
        expect(again.route).toEqual(outcome.request.route);
        expect(again.action).toBe(outcome.request.action);
        expect(again.mount).toEqual(outcome.request.mount);
      }),
      { seed: 6, numRuns: 5000 },
    );
  });
});

describe('parseQuery', () => {
  it.each([
    [`mount=${DIGEST}&from=a&from=b`, 'from is given twice'],
    ['_state=a&_state=b', '_state is given twice'],
    ['__proto__=a&__proto__=b', '__proto__ is given twice'],
    ['%6e=1', 'a query key holds characters that no registry key needs'],
    ['=1', 'a query key holds characters that no registry key needs'],
    ['a b=1', 'a query key holds characters that no registry key needs'],
    [`${'k'.repeat(65)}=1`, 'a query key holds characters that no registry key needs'],
    ['x=%', 'the value of x is not well encoded'],
    ['_state=%c0%ae', 'the value of _state is not well encoded'],
    ['x=a;b', 'the value of x is not well encoded'],
    ['MOUNT=x', 'a query key is mount in another case'],
    ['From=a', 'a query key is from in another case'],
  ])('refuses %s: %s', (text, reason) => {
    expect(parseQuery(text)).toEqual({ ok: false, code: 'UNSUPPORTED', reason });
  });

  it.each(['digest=x', 'digest=', 'digest'])('refuses %s: digest is not a digest', (text) => {
    const reason = 'digest is not a digest';
    expect(parseQuery(text)).toEqual({ ok: false, code: 'DIGEST_INVALID', reason });
  });

  it.each([
    ['n=1&n=2', '?n=1'],
    ['n=007', '?n=7'],
    ['n=1e3', ''],
    ['n=', ''],
    ['n', ''],
    ['n=-1', ''],
    ['n=1234567890', ''],
    ['last=', ''],
    ['last=%', ''],
    ['last=%c0%ae', ''],
    ['last=a;b', ''],
    ['last=a&last=b', '?last=a'],
    ['mount=latest', ''],
    ['from=../a', ''],
    ['from', ''],
    ['n=x&ns=docker.io', '?ns=docker.io'],
    [`mount=${DIGEST.replace(':', '%3A')}&from=a%2Fb`, `?mount=${DIGEST}&from=a/b`],
    ['last=a%2Fb+%C3%BC', '?last=a%2Fb%20%C3%BC'],
  ])(
    'a hint that can not be used is dropped, the others are written anew: %s becomes %j',
    (text, expected) => {
      const outcome = parseQuery(text);
      expect(outcome.ok && renderQuery(outcome.query)).toBe(expected);
    },
  );

  it.each([
    ['', ''],
    ['&&', ''],
    ['a=1&&b=2&', '?a=1&b=2'],
    ['a', '?a'],
    ['a=', '?a='],
    ['a==', '?a=='],
    ['_state=%41+%2b', '?_state=%41+%2b'],
    ['constructor=1&toString=2', '?constructor=1&toString=2'],
  ])('writes %j back as %j', (text, expected) => {
    const outcome = parseQuery(text);
    expect(outcome.ok && renderQuery(outcome.query)).toBe(expected);
  });

  it('decodes as Go does', () => {
    const outcome = parseQuery('last=a%2Fb+c%20d&x');
    expect(outcome.ok && [outcome.query.get('last'), outcome.query.get('x'), outcome.query.get('y')]).toEqual(
      ['a/b c d', '', undefined],
    );
  });

  it('knows no key that nobody wrote', () => {
    const outcome = parseQuery('a=1');
    const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty'];
    expect(names.map((name) => outcome.ok && outcome.query.get(name))).toEqual(names.map(() => undefined));
  });

  it('is linear in the length of a query: these would take years if it were not', () => {
    const n = 50_000;
    for (const text of [
      '&'.repeat(n),
      `last=${'%'.repeat(n)}`,
      `last=${'+'.repeat(n)}`,
      `from=${'a-'.repeat(n)}`,
      'k'.repeat(n),
    ])
      expect(typeof parseQuery(text).ok).toBe('boolean');
    const many = Array.from({ length: n }, (_, at) => `k${at}=v`).join('&');
    expect(parseQuery(many).ok).toBe(true);
  });
});

describe('judgeBody', () => {
  const limits = { manifestBytes: 100, layerBytes: undefined };
  const upload = requestOf('POST', '/v2/a/blobs/uploads/');
  const manifest = requestOf('PUT', '/v2/a/manifests/x');

  it.each<readonly [string, RegistryRequest, BodyHead, number | undefined]>([
    ['no body', upload, { length: 0, contentType: FORM }, undefined],
    ['a body', upload, { length: 5, contentType: 'application/octet-stream' }, undefined],
    ['a body without a type', upload, { length: 5, contentType: undefined }, undefined],
    ['an upload that calls itself a form', upload, { length: 5, contentType: FORM }, undefined],
    ['a form for a manifest', manifest, { length: 5, contentType: 'Multipart/mixed; boundary=x' }, 415],
    ['a manifest of a type that is none', manifest, { length: 5, contentType: ' application/json' }, 400],
    ['a manifest without a type', manifest, { length: 5, contentType: undefined }, undefined],
    ['a manifest at its limit', manifest, { length: 100, contentType: 'application/json' }, undefined],
    ['a manifest beyond it', manifest, { length: 101, contentType: 'application/json' }, 413],
    ['a manifest in chunks', manifest, { length: undefined, contentType: 'application/json' }, undefined],
    ['a layer of a terabyte', upload, { length: 1024 ** 4, contentType: undefined }, undefined],
  ])('%s', (_name, request, body, status) => {
    expect(judgeBody(request, body, limits)?.status).toBe(status);
  });

  it('bounds a layer where it is told to', () => {
    expect(bodyLimit(upload, { ...limits, layerBytes: 7 })).toBe(7);
    expect(
      judgeBody(upload, { length: 8, contentType: undefined }, { ...limits, layerBytes: 7 }),
    ).toMatchObject({ status: 413, close: true });
  });
});

describe('renderProblem', () => {
  it('is an error of the registry API, on one line, escaped', () => {
    const text = renderProblem(createProblem('DENIED', 'a "quoted"\nline'), 'id-1');
    expect(text).toMatch(/^[^\n]*\n$/);
    expect(JSON.parse(text)).toEqual({
      errors: [{ code: 'DENIED', message: 'a "quoted"\nline', detail: { request: 'id-1' } }],
    });
  });
});
