import { describe, expect, it } from 'vitest';
import {
  isTag,
  manifestReference,
  parseImageName,
  parseRegistryName,
  renderImageName,
} from '../../../src/images/name/image-name.ts';
import { parseLocation } from '../../../src/images/name/location.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;

describe('the name of an image, as docker reads it', () => {
  it.each([
    ['alpine', 'docker.io/library/alpine', 'latest'],
    ['alpine:3', 'docker.io/library/alpine:3', '3'],
    ['index.docker.io/alpine', 'docker.io/library/alpine', 'latest'],
    ['team/app', 'docker.io/team/app', 'latest'],
    ['localhost/app', 'localhost/app', 'latest'],
    ['Host/app', 'Host/app', 'latest'],
    ['registry.lan/app', 'registry.lan/app', 'latest'],
    ['registry:5000/app:1', 'registry:5000/app:1', '1'],
    ['[::1]:5000/app:1', '[::1]:5000/app:1', '1'],
    ['registry.lan/a/b/c:v1.0_x', 'registry.lan/a/b/c:v1.0_x', 'v1.0_x'],
    [`registry.lan/app@${DIGEST}`, `registry.lan/app@${DIGEST}`, DIGEST],
    [`registry.lan/app:1@${DIGEST}`, `registry.lan/app:1@${DIGEST}`, DIGEST],
  ])('%s is %s, and means %s', (text, whole, reference) => {
    const name = parseImageName(text);
    expect([renderImageName(name), manifestReference(name)]).toEqual([whole, reference]);
    expect(parseImageName(whole)).toEqual(name);
  });

  it('takes the default registry where it names none', () => {
    expect(renderImageName(parseImageName('alpine:3', 'registry.lan'))).toBe('registry.lan/alpine:3');
    expect(renderImageName(parseImageName('quay.io/a/b', 'registry.lan'))).toBe('quay.io/a/b');
  });

  it.each([
    ['', 'not the name of a repository'],
    ['Team/App', 'lower case'],
    ['registry.lan/App', 'lower case'],
    ['registry.lan/app:', '"" is not a tag'],
    ['registry.lan/app:-x', 'is not a tag'],
    [`registry.lan/app:${'x'.repeat(129)}`, 'is not a tag'],
    ['registry.lan/app@sha256:abc', 'is not a digest'],
    ['registry.lan//app', 'not the name of a repository'],
    ['registry.lan/../app', 'not the name of a repository'],
    ['registry.lan/app/', 'not the name of a repository'],
    ['bad_host.lan/app', 'not the host of a registry'],
    ['registry.lan:123456/app', 'not the host of a registry'],
    [`registry.lan/${'a'.repeat(256)}`, 'longer than'],
  ])('%j is refused', (text, reason) => {
    expect(() => parseImageName(text)).toThrow(reason);
  });

  it('knows what a registry and a tag are', () => {
    expect(parseRegistryName('registry.lan:8443')).toBe('registry.lan:8443');
    expect(() => parseRegistryName('registry.lan/app')).toThrow('not the host');
    expect(['1', 'v1.0', '_', '-1', 'a/b', ''].map(isTag)).toEqual([true, true, true, false, false, false]);
  });
});

describe('where an image is', () => {
  it.each([
    ['-', { kind: 'stream' }],
    ['oci:dir', { kind: 'oci', path: 'dir', reference: undefined }],
    ['oci:dir:1.0', { kind: 'oci', path: 'dir', reference: '1.0' }],
    ['oci-archive:/a/b.tar:team/app:1', { kind: 'oci-archive', path: '/a/b.tar', reference: 'team/app:1' }],
    ['docker-archive:C:\\a.tar:x', { kind: 'docker-archive', path: 'C:\\a.tar', reference: 'x' }],
    ['docker-archive:a.tar:', { kind: 'docker-archive', path: 'a.tar', reference: undefined }],
  ])('%s', (text, location) => {
    expect(parseLocation(text)).toEqual(location);
  });

  it('is a registry otherwise', () => {
    const image = parseImageName('registry.lan/app:1');
    expect(parseLocation('registry.lan/app:1')).toEqual({ kind: 'registry', image });
    expect(parseLocation('docker://registry.lan/app:1')).toEqual({ kind: 'registry', image });
    expect(parseLocation('app:1', 'registry.lan')).toEqual({
      kind: 'registry',
      image: parseImageName('registry.lan/app:1'),
    });
  });

  it.each(['oci:', 'oci-archive::x'])('%s names no file', (text) => {
    expect(() => parseLocation(text)).toThrow('names no file');
  });
});
