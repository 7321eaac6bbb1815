import { describe, expect, it } from 'vitest';
import { parseRegistryRequest, type RegistryRequest } from '../../../src/oci/request/parse.ts';
import {
  backendAccess,
  intersectAccess,
  neededAccess,
  parseScope,
  parseScopes,
  renderScopes,
} from '../../../src/oci/request/scope.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;

function requestOf(method: string, target: string): RegistryRequest {
  const outcome = parseRegistryRequest(method, target);
  if (outcome.kind !== 'request') throw new Error(`${method} ${target} is ${outcome.kind}`);
  return outcome.request;
}

describe('parseScope', () => {
  it.each([
    ['repository:a/b:pull', 'repository:a/b:pull'],
    ['repository:a/b:push,pull', 'repository:a/b:pull,push'],
    ['repository:a:pull,pull', 'repository:a:pull'],
    ['repository:a:*', 'repository:a:delete,pull,push'],
    ['repository:a:push,*', 'repository:a:delete,pull,push'],
    ['repository(plugin):a/b:pull', 'repository:a/b:pull'],
    ['registry:catalog:*', 'registry:catalog:*'],
  ])('reads %s', (text, rendered) => {
    const access = parseScope(text);
    expect(renderScopes(access === undefined ? [] : [access])).toBe(rendered);
  });

  it.each([
    '',
    ':',
    '::',
    'repository',
    'repository:a',
    'repository::pull',
    ':a:pull',
    'repository:a:',
    'repository:a:,pull',
    'repository:a:PULL',
    'repository:A:pull',
    'repository:../a:pull',
    'repository:a b:pull',
    'repository:host:5000/a:pull',
    'registry:other:*',
    'plugin:a:pull',
    `repository:${'a'.repeat(600)}:pull`,
    'repository:__proto__:pull',
  ])('takes %s for nothing', (text) => {
    expect(parseScope(text)).toBeUndefined();
  });
});

describe('parseScopes', () => {
  it('takes lists with spaces, several lists, and joins equal names', () => {
    const access = parseScopes(['repository:a:pull repository:b:pull', 'repository:a:push nonsense', '']);
    expect(access).toEqual([
      { type: 'repository', name: 'a', actions: ['pull', 'push'] },
      { type: 'repository', name: 'b', actions: ['pull'] },
    ]);
  });
});

describe('intersectAccess', () => {
  it('keeps what was asked for and granted, and every name', () => {
    const asked = parseScopes(['repository:a:pull,push repository:b:pull registry:catalog:*']);
    const granted = parseScopes(['repository:a:pull,delete repository:c:pull registry:catalog:*']);
    expect(intersectAccess(asked, granted)).toEqual([
      { type: 'repository', name: 'a', actions: ['pull'] },
      { type: 'repository', name: 'b', actions: [] },
      { type: 'registry', name: 'catalog', actions: ['*'] },
    ]);
  });
});

describe('neededAccess', () => {
  it.each([
    ['GET', '/v2/', ''],
    ['GET', '/v2/_catalog?n=5', 'registry:catalog:*'],
    ['GET', '/v2/a/b/manifests/latest', 'repository:a/b:pull'],
    ['HEAD', `/v2/a/blobs/${DIGEST}`, 'repository:a:pull'],
    ['GET', '/v2/a/tags/list', 'repository:a:pull'],
    ['PUT', '/v2/a/manifests/latest', 'repository:a:pull,push'],
    ['DELETE', '/v2/a/manifests/latest', 'repository:a:delete'],
    ['POST', '/v2/a/blobs/uploads/', 'repository:a:pull,push'],
    ['DELETE', '/v2/a/blobs/uploads/x', 'repository:a:pull,push'],
    [
      'POST',
      `/v2/a/blobs/uploads/?mount=${DIGEST}&from=secret/x`,
      'repository:a:pull,push repository:secret/x:pull',
    ],
    ['POST', `/v2/a/blobs/uploads/?mount=${DIGEST}&from=a`, 'repository:a:pull,push'],
  ])('of %s %s is %s', (method, target, scopes) => {
    expect(renderScopes(neededAccess(requestOf(method, target)))).toBe(scopes);
  });
});

describe('backendAccess', () => {
  it.each([
    ['DELETE', '/v2/a/blobs/uploads/x', 'repository:a:delete,pull,push'],
    ['DELETE', '/v2/a/manifests/latest', 'repository:a:delete'],
    ['PUT', '/v2/a/manifests/latest', 'repository:a:pull,push'],
    ['GET', '/v2/', ''],
  ])('of %s %s is %s', (method, target, scopes) => {
    expect(renderScopes(backendAccess(requestOf(method, target)))).toBe(scopes);
  });
});
