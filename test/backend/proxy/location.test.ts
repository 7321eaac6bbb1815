import { describe, expect, it } from 'vitest';
import { rewriteLocation, type LocationContext } from '../../../src/backend/proxy/location.ts';

const AUTHORITIES = ['registry.test', '127.0.0.1:5000'];
const PATH = '/v2/a/blobs/uploads/5?_state=a%2Bb%3D%3D&digest=sha256%3Aab';
const STORE = 'https://store.example/bucket/blob?X-Amz-Signature=a%2Fb';

const CASES: readonly (readonly [string, string, Partial<LocationContext>, string | undefined])[] = [
  ['a path', PATH, {}, PATH],
  ["the client's name", `https://registry.test${PATH}`, {}, PATH],
  ["the client's name, plain", `http://registry.test${PATH}`, {}, PATH],
  ["the backend's name", `http://127.0.0.1:5000${PATH}`, {}, PATH],
  ['some other name the backend believes in', `http://registry:5000${PATH}`, {}, PATH],
  ['an upper case scheme', `HTTP://registry.test${PATH}`, {}, PATH],
  ['a store, for a blob', STORE, { status: 307, route: 'blob' }, STORE],
  ['a store, 302', STORE, { status: 302, route: 'blob' }, STORE],
  ['a store, 303', STORE, { status: 303, route: 'blob' }, STORE],
  ['a store, permanently', STORE, { status: 301, route: 'blob' }, undefined],
  ['a store, kept with 308', STORE, { status: 308, route: 'blob' }, undefined],
  ['a store, for an upload', STORE, { status: 307, route: 'upload' }, undefined],
  ['a store, for a manifest', STORE, { status: 307, route: 'manifest' }, undefined],
  ['our own name for a blob', `https://Registry.Test${PATH}`, { status: 307, route: 'blob' }, PATH],
  ['our own name, off the API', 'https://registry.test/elsewhere', { status: 307, route: 'blob' }, undefined],
  ['another path', '/elsewhere', {}, undefined],
  ['the root', '/', {}, undefined],
  ['a relative path', 'uploads/5', {}, undefined],
  ['without a scheme', '//evil.example/v2/', {}, undefined],
  ['a query alone', '?x=1', {}, undefined],
  ['an odd scheme', 'javascript:alert(1)', { status: 307, route: 'blob' }, undefined],
  ['a file', 'file:///v2/x', { status: 307, route: 'blob' }, undefined],
  ['a fragment', `http://registry.test${PATH}#x`, {}, undefined],
  ['an authority alone', 'http://registry.test', {}, undefined],
  ['empty', '', {}, undefined],
];

describe('Location', () => {
  for (const [name, location, change, expected] of CASES) {
    it(`${name}: ${expected === undefined ? 'is not passed on' : 'is passed on'}`, () => {
      const context = { status: 202, route: 'uploads', authorities: AUTHORITIES, ...change } as const;
      expect(rewriteLocation(location, context)).toBe(expected);
    });
  }
});
