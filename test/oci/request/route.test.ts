import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { METHODS, parseRoute, renderRoute, type Route } from '../../../src/oci/request/route.ts';

const HEX = 'a'.repeat(64);
const DIGEST = `sha256:${HEX}`;

describe('parseRoute', () => {
  it.each<readonly [string, Route]>([
    ['/v2/', { kind: 'base' }],
    ['/v2', { kind: 'base' }],
    ['/v2/_catalog', { kind: 'catalog' }],
    ['/v2/a/tags/list', { kind: 'tags', repository: 'a' }],
    ['/v2/tags/list/tags/list', { kind: 'tags', repository: 'tags/list' }],
    ['/v2/a/b-c/d_e/f__g/h.i/j--k/0/tags/list', { kind: 'tags', repository: 'a/b-c/d_e/f__g/h.i/j--k/0' }],
    ['/v2/a/manifests/latest', { kind: 'manifest', repository: 'a', reference: 'latest' }],
    ['/v2/a/manifests/V1.0_x-y', { kind: 'manifest', repository: 'a', reference: 'V1.0_x-y' }],
    [`/v2/a/manifests/${DIGEST}`, { kind: 'manifest', repository: 'a', reference: DIGEST }],
    [`/v2/a/manifests/sha256%3A${HEX}`, { kind: 'manifest', repository: 'a', reference: DIGEST }],
    ['/v2/a/manifests/b/manifests/c', { kind: 'manifest', repository: 'a/manifests/b', reference: 'c' }],
    ['/v2/a/tags/manifests/list', { kind: 'manifest', repository: 'a/tags', reference: 'list' }],
    [`/v2/a/blobs/${DIGEST}`, { kind: 'blob', repository: 'a', digest: DIGEST }],
    [
      `/v2/a/blobs/sha384:${HEX}${HEX.slice(32)}`,
      { kind: 'blob', repository: 'a', digest: `sha384:${HEX}${HEX.slice(32)}` },
    ],
    [`/v2/a/blobs/sha512:${HEX}${HEX}`, { kind: 'blob', repository: 'a', digest: `sha512:${HEX}${HEX}` }],
    [`/v2/a/blobs/sha256%3a${HEX}`, { kind: 'blob', repository: 'a', digest: DIGEST }],
    [`/v2/a/referrers/${DIGEST}`, { kind: 'referrers', repository: 'a', digest: DIGEST }],
    ['/v2/a/blobs/uploads/', { kind: 'uploads', repository: 'a' }],
    ['/v2/a/blobs/uploads/3f-A_=.b', { kind: 'upload', repository: 'a', upload: '3f-A_=.b' }],
    ['/v2/a/blobs/uploads/blobs/uploads/x', { kind: 'upload', repository: 'a/blobs/uploads', upload: 'x' }],
    [
      '/v2/blobs/uploads/manifests/latest',
      { kind: 'manifest', repository: 'blobs/uploads', reference: 'latest' },
    ],
  ])('reads %s', (path, route) => {
    expect(parseRoute(path)).toEqual(route);
  });

  it.each([
    '',
    '/',
    'v2/',
    '/v2//',
    '/v1/',
    '/V2/',
    '/v2/a',
    '/v2/a/',
    '/v2/_catalog/',
    '/v2/tags/list',
    '/v2/A/tags/list',
    '/v2/a/tags/list/',
    '/v2/a/tags',
    '/v2/-a/tags/list',
    '/v2/a-/tags/list',
    '/v2/a._b/tags/list',
    '/v2/a___b/tags/list',
    '/v2/a..b/tags/list',
    '/v2/a//b/tags/list',
    '/v2//a/tags/list',
    '/v2/a/../b/tags/list',
    '/v2/a\n/tags/list',
    '/v2/a/manifests/',
    '/v2/a/manifests/.x',
    '/v2/a/manifests/-x',
    `/v2/a/manifests/${'x'.repeat(129)}`,
    '/v2/a/manifests/x\n',
    '/v2/a/manifests/a:b',
    '/v2/a/manifests/a%3Ab',
    '/v2/manifests/latest',
    `/v2/a/blobs/sha256:${HEX}%3A`,
    `/v2/a/blobs/sha256%253A${HEX}`,
    '/v2/a/blobs/latest',
    `/v2/a/blobs/SHA256:${HEX}`,
    '/v2/a/blobs/uploads',
    '/v2/a/blobs/uploads/..',
    '/v2/a/blobs/uploads/.',
    '/v2/a/blobs/uploads/a/b',
    '/v2/a/blobs/uploads/a%3A',
    `/v2/a/blobs/uploads/${'x'.repeat(257)}`,
    '/v2/a/referrers/latest',
    `/v2/${'a'.repeat(256)}/tags/list`,
    `/v2/a/unknown/${DIGEST}`,
  ])('does not know %j', (path) => {
    expect(parseRoute(path)).toBeUndefined();
  });

  const component = fc.stringMatching(/^[a-z0-9]{1,5}((\.|_|__|-{1,3})[a-z0-9]{1,4}){0,2}$/);
  const repository = fc.array(component, { minLength: 1, maxLength: 5 }).map((parts) => parts.join('/'));
  const digest = fc.stringMatching(/^[0-9a-f]{64}$/).map((hex) => `sha256:${hex}`);
  const tag = fc.stringMatching(/^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,20}$/);
  const upload = fc.stringMatching(/^[A-Za-z0-9_=][A-Za-z0-9._=-]{0,30}$/);
  const route: fc.Arbitrary<Route> = fc.oneof(
    fc.constant<Route>({ kind: 'base' }),
    fc.constant<Route>({ kind: 'catalog' }),
    fc.record({ kind: fc.constant('tags' as const), repository }),
    fc.record({ kind: fc.constant('manifest' as const), repository, reference: fc.oneof(tag, digest) }),
    fc.record({ kind: fc.constant('blob' as const), repository, digest }),
    fc.record({ kind: fc.constant('uploads' as const), repository }),
    fc.record({ kind: fc.constant('upload' as const), repository, upload }),
    fc.record({ kind: fc.constant('referrers' as const), repository, digest }),
  );

  it('reads back every route from the path that is made of it', () => {
    fc.assert(
      fc.property(route, (it) => {
        expect(parseRoute(renderRoute(it))).toEqual(it);
      }),
      { seed: 3, numRuns: 3000 },
    );
  });

  it('knows for any path either nothing or a route whose one path reads back to it', () => {
    const word = fc.constantFrom(
      'v2',
      'a',
      'b-c',
      '_catalog',
      'tags',
      'list',
      'manifests',
      'blobs',
      'uploads',
      'referrers',
      'latest',
      DIGEST,
      `sha256%3A${HEX}`,
      '',
      '.',
      '..',
      'A',
      '%2f',
    );
    const path = fc.oneof(
      fc.array(word, { maxLength: 9 }).map((words) => `/v2/${words.join('/')}`),
      fc.string({ maxLength: 40 }).map((text) => `/v2/${text}`),
      fc.string({ maxLength: 40 }),
    );
    fc.assert(
      fc.property(path, (text) => {
        const found = parseRoute(text);
        if (found === undefined) return;
        expect(parseRoute(renderRoute(found))).toEqual(found);
        // Nothing but the escape of a colon and the missing slash is ever written anew.
        expect(renderRoute(found)).toBe(text === '/v2' ? '/v2/' : text.replace(/%3a/i, ':'));
      }),
      { seed: 4, numRuns: 5000 },
    );
  });

  it('has methods for every kind', () => {
    fc.assert(
      fc.property(route, ({ kind }) => {
        expect(METHODS[kind].length).toBeGreaterThan(0);
      }),
      { seed: 5 },
    );
  });

  it('is linear in the length of a path: these would take years if it were not', () => {
    const n = 100_000;
    const paths = [
      `/v2/${'a'.repeat(n)}!/tags/list`,
      `/v2/${'a-'.repeat(n)}/tags/list`,
      `/v2/${'a/'.repeat(n)}/tags/list`,
      `/v2/${'-'.repeat(n)}/tags/list`,
      `/v2/a${'_'.repeat(n)}/tags/list`,
      `/v2/${'/blobs/uploads/'.repeat(n)}`,
      `/v2/a/manifests/${'a'.repeat(n)}`,
      `/v2/a/blobs/${'a.'.repeat(n)}:x`,
      `/v2/a/blobs/${'a'.repeat(n)}:${'a'.repeat(n)}`,
      `/v2/a/blobs/uploads/${'.'.repeat(n)}`,
      `/v2/a/manifests/${'%3A'.repeat(n)}`,
    ];
    for (const path of paths) expect(parseRoute(path)).toBeUndefined();
  });
});
