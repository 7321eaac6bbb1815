import { describe, expect, it } from 'vitest';
import { parseBackend, renderBackend, type Backend } from '../../../src/config/values/backend-url.ts';

const GOOD: readonly [text: string, value: Backend, shown?: string][] = [
  ['http://127.0.0.1:5000', { kind: 'http', host: '127.0.0.1', port: 5000 }],
  ['http://127.0.0.1:5000/', { kind: 'http', host: '127.0.0.1', port: 5000 }, 'http://127.0.0.1:5000'],
  ['http://registry', { kind: 'http', host: 'registry', port: 80 }, 'http://registry:80'],
  ['https://registry.lan', { kind: 'https', host: 'registry.lan', port: 443 }, 'https://registry.lan:443'],
  [
    'HTTPS://Registry.lan:5000',
    { kind: 'https', host: 'registry.lan', port: 5000 },
    'https://registry.lan:5000',
  ],
  ['http://my_registry:5000', { kind: 'http', host: 'my_registry', port: 5000 }],
  ['http://[::1]:5000', { kind: 'http', host: '::1', port: 5000 }],
  ['http://registry:5000/oci', { kind: 'http', host: 'registry', port: 5000, prefix: '/oci' }],
  [
    'https://r.lan/a/b-1.x/',
    { kind: 'https', host: 'r.lan', port: 443, prefix: '/a/b-1.x' },
    'https://r.lan:443/a/b-1.x',
  ],
  ['unix:/run/registry.sock', { kind: 'unix', path: '/run/registry.sock' }],
  ['unix:///run/registry.sock', { kind: 'unix', path: '/run/registry.sock' }, 'unix:/run/registry.sock'],
  ['embedded:./data', { kind: 'embedded', directory: './data' }],
  ['embedded:/srv/registry', { kind: 'embedded', directory: '/srv/registry' }],
  [`unix:/${'a'.repeat(106)}`, { kind: 'unix', path: `/${'a'.repeat(106)}` }],
];

const BAD: readonly [text: string, reason: RegExp][] = [
  ['', /must be http:/],
  ['127.0.0.1:5000', /needs a scheme/],
  ['registry:5000', /needs a scheme/],
  ['ftp://registry', /must be http:/],
  ['embedded:', /must name the folder/],
  ['file:///run', /must be http:/],
  ['http:/registry', /must be http:/],
  ['http:///registry', /must be http:/],
  ['http://', /must be http:/],
  ['http://registry:99999', /malformed/],
  ['http://registry:x', /malformed/],
  ['http://1.2.3.256', /malformed/],
  ['http://registry:0', /port 0/],
  ['http://registry/v2/', /must not end in \/v2/],
  ['http://registry/oci/v2', /must not end in \/v2/],
  ['http://registry/a//b', /not plain/],
  ['http://registry/a/../b', /not plain/],
  ['http://registry/a%2fb', /not plain/],
  ['http://registry/a;b', /not plain/],
  ['http://registry/?', /must not have a query/],
  ['http://registry?a=b', /must not have a query/],
  ['http://registry#a', /must not have a fragment/],
  ['http://registry\\@other', /plain ASCII/],
  ['http://reg istry', /plain ASCII/],
  ['http://registry\n', /plain ASCII/],
  ['http://레지스트리:5000', /xn--/],
  ['http://user:hunter2@registry', /must not hold credentials/],
  ['http://user@registry', /must not hold credentials/],
  ['http://@registry', /must not hold credentials/],
  ['unix:', /full path/],
  ['unix:registry.sock', /full path/],
  ['unix://registry.sock', /full path/],
  ['unix:/run/', /not a directory/],
  ['unix:/a\0b', /NUL/],
  [`unix:/${'a'.repeat(107)}`, /107 bytes/],
  [`unix:/${'가'.repeat(36)}`, /107 bytes/],
];

describe('parseBackend', () => {
  it.each(GOOD)('%j is accepted', (text, value, shown = text) => {
    expect(parseBackend(text)).toEqual({ ok: true, value });
    expect(renderBackend(value)).toBe(shown);
    expect(parseBackend(shown)).toEqual({ ok: true, value });
  });

  it.each(BAD)('%j is refused', (text, reason) => {
    const parsed = parseBackend(text);
    expect(parsed).toEqual({ ok: false, reason: expect.stringMatching(reason) });
    expect(JSON.stringify(parsed)).not.toContain('hunter2');
  });
});
