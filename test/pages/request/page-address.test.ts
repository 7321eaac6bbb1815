import { describe, expect, it } from 'vitest';
import { ownTarget } from '../../../src/pages/request/own-target.ts';
import {
  inRepository,
  parsePageAddress,
  repositoryPath,
  withQuery,
} from '../../../src/pages/request/page-address.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;

describe('the address of a page', () => {
  it.each([
    ['/', { kind: 'repositories' }],
    ['/sign-in', { kind: 'sign-in' }],
    ['/r/app', { kind: 'repository', repository: 'app' }],
    ['/r/team/image/app', { kind: 'repository', repository: 'team/image/app' }],
    ['/r/team/app/-/image/1.0', { kind: 'image', repository: 'team/app', reference: '1.0' }],
    [`/r/team/app/-/files/${DIGEST}`, { kind: 'files', repository: 'team/app', reference: DIGEST }],
    ['/r/team/app/-/compare', { kind: 'compare', repository: 'team/app' }],
    ['/account/revoke', { kind: 'account-act', act: 'revoke' }],
    ['/owner/unlock', { kind: 'owner-act', act: 'unlock' }],
  ])('%s is read', (path, address) => {
    expect(parsePageAddress(path)).toEqual(address);
  });

  it.each([
    ['the registry API', '/v2/'],
    ['a page of the gate itself', '/healthz'],
    ['no repository', '/r/'],
    ['upper case in a name', '/r/Team'],
    ['an escape', '/r/te%61m'],
    ['another part after a page', '/r/a/-/compare/b'],
    ['an image without a reference', '/r/a/-/image'],
    ['an empty reference', '/r/a/-/image/'],
    ['two references', '/r/a/-/image/b/c'],
    ['an unknown word', '/r/a/-/raw/b'],
    ['a slash at the end', '/space/'],
    ['a word that is that of an address kind', '/repositories'],
  ])('%s is none', (_name, path) => {
    expect(parsePageAddress(path)).toBe(undefined);
  });

  it('is made and read back', () => {
    expect(parsePageAddress(repositoryPath('a/b'))).toEqual({ kind: 'repository', repository: 'a/b' });
    expect(parsePageAddress(inRepository('a/b', 'image', '1'))).toMatchObject({
      kind: 'image',
      reference: '1',
    });
  });

  it('takes a query, without what is empty', () => {
    expect(withQuery('/', { search: 'a b&c', sort: '', after: undefined })).toBe('/?search=a+b%26c');
    expect(withQuery('/x', { tag: ['1', '2'] })).toBe('/x?tag=1&tag=2');
  });
});

describe('where to go back to', () => {
  it.each(['/', '/space', '/r/team/app', '/r/a/-/compare?a=1&b=2', '/?search=a+b'])(
    '%s is kept',
    (target) => {
      expect(ownTarget(target)).toBe(target);
    },
  );

  it.each([
    ['another site', 'https://evil.example/'],
    ['another site without a scheme', '//evil.example/'],
    ['a backslash', '/\\evil.example'],
    ['a tab that browsers drop', '/\t/evil.example'],
    ['a script', 'javascript:alert(1)'],
    ['a page that is none', '/v2/'],
    ['a form', '/sign-out'],
    ['nothing', ''],
  ])('%s becomes the start', (_name, target) => {
    expect(ownTarget(target)).toBe('/');
  });

  it('loses a query that is not plain', () => {
    expect(ownTarget('/space?a="<b>')).toBe('/space');
  });
});
