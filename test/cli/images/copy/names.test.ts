import { describe, expect, it } from 'vitest';
import { archiveName, namesIn, pushName } from '../../../../src/cli/images/copy/names.ts';
import { parseImageName, renderImageName } from '../../../../src/images/name/image-name.ts';
import { parseLocation } from '../../../../src/images/name/location.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;

describe('the names in a target', () => {
  it.each([
    { names: ['registry.lan/team/app:1'], target: 'b.lan/team/app', there: ['1'] },
    { names: ['registry.lan/team/app:1'], target: 'b.lan/team/app:2', there: ['2'] },
    { names: [], target: 'b.lan/team/app', there: [] },
    {
      names: ['1', 'registry.lan/team/app:1', 'registry.lan/team/app:2'],
      target: 'b.lan/team/app',
      there: ['1', '2'],
    },
    { names: ['registry.lan/team/app:1'], target: 'oci-archive:a.tar', there: ['registry.lan/team/app:1'] },
    { names: ['registry.lan/team/app:1'], target: 'oci-archive:a.tar:one', there: ['one'] },
    { names: ['registry.lan/team/app:1'], target: '-', there: ['registry.lan/team/app:1'] },
  ])('of $names in $target', ({ names, target, there }) => {
    expect(namesIn(parseLocation(target), { reference: 'x', names })).toEqual(there);
  });

  it('are never a digest', () => {
    const location = parseLocation(`b.lan/team/app@${DIGEST}`);
    expect(() => namesIn(location, { reference: 'x', names: [] })).toThrow(
      expect.objectContaining({ code: 'USAGE' }),
    );
  });

  it.each([
    ['registry.lan/team/app', 'registry.lan/team/app:latest'],
    ['registry.lan/team/app:1', 'registry.lan/team/app:1'],
    [`registry.lan/team/app:1@${DIGEST}`, 'registry.lan/team/app:1'],
    [`registry.lan/team/app@${DIGEST}`, undefined],
    ['alpine', 'docker.io/library/alpine:latest'],
  ])('%s is %s in an archive', (text, name) => {
    expect(archiveName(parseImageName(text))).toBe(name);
  });
});

describe('where an image of an archive is pushed', () => {
  const place = { registry: 'registry.lan', repository: 'team', tag: undefined, digest: undefined };
  it.each([
    { name: 'a.lan/x/app:1', to: 'a.lan/x/app:1' },
    { name: 'app:1', to: 'default.lan/app:1' },
    { name: 'team/app', to: 'default.lan/team/app:latest' },
    { name: 'a.lan/x/app:1', into: place, to: 'registry.lan/team/x/app:1' },
    { name: 'docker.io/library/alpine:3', into: place, to: 'registry.lan/team/alpine:3' },
    { name: 'alpine:3', into: place, to: 'registry.lan/team/alpine:3' },
    { name: 'alpine:3', into: { ...place, repository: '' }, to: 'registry.lan/alpine:3' },
    { name: `a.lan/x/app:1@${DIGEST}`, into: place, to: 'registry.lan/team/x/app:1' },
  ])('$name goes to $to', ({ name, into, to }) => {
    expect(renderImageName(pushName(name, 'default.lan', into))).toBe(to);
  });

  it.each([
    '../../evil:1',
    'a.lan/../x:1',
    '/etc/passwd',
    'a b:1',
    'a.lan/x/%2e%2e/y:1',
    'x:1/../../y',
    '..',
    'a.lan//x:1',
    '1.0',
  ])('refuses %j', (name) => {
    expect(() => pushName(name, 'default.lan', place)).toThrow(
      expect.objectContaining({ code: expect.stringMatching(/^(IMAGE_NAME_INVALID|USAGE)$/) }),
    );
  });
});
