import { describe, expect, it } from 'vitest';
import { parseRegistryRequest } from '../../../src/oci/request/parse.ts';
import { isFormType, parseMediaType, typeOfBody } from '../../../src/oci/request/body.ts';

function typeAt(method: string, target: string, given: string | undefined): string | undefined {
  const outcome = parseRegistryRequest(method, target);
  if (outcome.kind !== 'request') throw new Error(outcome.kind);
  return typeOfBody(outcome.request, given);
}

describe('typeOfBody', () => {
  it.each([
    ['POST', '/v2/a/blobs/uploads/'],
    ['PATCH', '/v2/a/blobs/uploads/x'],
    ['PUT', '/v2/a/blobs/uploads/x'],
  ])('%s %s is of octets, whatever the client says', (method, target) => {
    for (const given of [undefined, '', 'application/x-www-form-urlencoded', 'mult\u0130part/form-data'])
      expect(typeAt(method, target, given)).toBe('application/octet-stream');
  });

  it.each([
    ['GET', '/v2/'],
    ['DELETE', '/v2/a/blobs/uploads/x'],
    ['HEAD', '/v2/a/manifests/x'],
  ])('%s %s has none', (method, target) => {
    expect(typeAt(method, target, 'application/json')).toBeUndefined();
  });

  it('is the media type alone for a manifest', () => {
    const type = 'Application/vnd.oci.image.manifest.v1+JSON ; charset=utf-8';
    expect(typeAt('PUT', '/v2/a/manifests/x', type)).toBe('application/vnd.oci.image.manifest.v1+json');
    expect(typeAt('PUT', '/v2/a/manifests/x', undefined)).toBeUndefined();
    expect(typeAt('PUT', '/v2/a/manifests/x', 'a')).toBeUndefined();
  });
});

describe('parseMediaType', () => {
  it.each([
    '',
    'a',
    'a/',
    '/b',
    ' a/b',
    'a /b',
    'a/ b',
    'a/b c',
    'a/b, c/d',
    'a/b\u00a0',
    '\u00a0a/b',
    'a/\u0131',
  ])('%j is none', (text) => {
    expect(parseMediaType(text)).toBeUndefined();
  });

  it.each([
    ['multipart/form-data', true],
    ['application/x-www-form-urlencoded', true],
    ['application/json', false],
  ])('%s is a form: %s', (type, expected) => {
    expect(isFormType(type)).toBe(expected);
  });
});
