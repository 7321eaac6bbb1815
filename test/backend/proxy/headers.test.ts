import { describe, expect, it } from 'vitest';
import { requestHeaders, responseHeaders } from '../../../src/backend/proxy/heads.ts';

const ORIGIN = { address: '192.0.2.7', host: 'registry.test:8443', requestId: 'a-1' };
const OWN = {
  host: 'registry.test:8443',
  'x-forwarded-for': '192.0.2.7',
  'x-forwarded-host': 'registry.test:8443',
  'x-forwarded-proto': 'https',
  'x-request-id': 'a-1',
};

describe('headers to the backend', () => {
  const STAY = [
    'authorization cookie proxy-authorization forwarded via x-real-ip x-remote-user x_remote_user x-original-url',
    'x-rewrite-url x-http-method-override x-forwarded-port x-forwarded-uri x-forwarded-prefix x-forwarded-user',
    'connection keep-alive proxy-connection te trailer upgrade http2-settings expect origin referer',
    'content-encoding transfer_encoding content_length __proto__x constructor x-anything',
    'content-type traceparent tracestate baggage b3 x-b3-traceid',
  ].flatMap((line) => line.split(' '));
  for (const name of STAY) {
    it(`${name} stays outside`, () => expect(requestHeaders({ [name]: 'x' }, ORIGIN)).toEqual(OWN));
  }

  const CROSS = [
    'accept accept-encoding cache-control content-length content-range docker-content-digest if-match',
    'if-modified-since if-none-match if-range if-unmodified-since oci-chunk-min-length range user-agent',
  ].flatMap((line) => line.split(' '));
  for (const name of CROSS) {
    it(`${name} crosses`, () =>
      expect(requestHeaders({ [name]: 'x' }, ORIGIN)).toEqual({ ...OWN, [name]: 'x' }));
  }

  it('user-agent crosses without what is not printable ASCII', () => {
    expect(requestHeaders({ 'user-agent': 'a\tb\u00e9\u0085' }, ORIGIN)['user-agent']).toBe('a?b??');
  });

  it('transfer-encoding crosses in its one spelling', () => {
    expect(requestHeaders({ 'transfer-encoding': 'Chunked' }, ORIGIN)).toEqual({
      ...OWN,
      'transfer-encoding': 'chunked',
    });
  });

  it('tells the place in a trace in our words alone', () => {
    const given = { traceparent: 'theirs', tracestate: 'theirs', baggage: 'theirs' };
    expect(requestHeaders(given, { ...ORIGIN, trace: { traceparent: 'ours' } })).toEqual({
      ...OWN,
      traceparent: 'ours',
    });
  });

  it("the client's words about itself give way to ours", () => {
    const given = {
      host: 'evil',
      'x-forwarded-for': '1.1.1.1',
      'x-forwarded-host': 'evil',
      'x-forwarded-proto': 'http',
      'x-request-id': 'x',
    };
    expect(requestHeaders(given, ORIGIN)).toEqual(OWN);
  });
});

const CONTEXT = { status: 200, route: 'blob', authorities: ['registry.test'] } as const;
const ALWAYS = { 'docker-distribution-api-version': 'registry/2.0', 'x-content-type-options': 'nosniff' };

function answer(headers: Readonly<Record<string, string | string[]>>): unknown {
  return responseHeaders(headers, CONTEXT);
}

describe('headers to the client', () => {
  const STAY = [
    'set-cookie www-authenticate proxy-authenticate server x-powered-by via alt-svc strict-transport-security',
    'connection keep-alive transfer-encoding trailer upgrade access-control-allow-origin clear-site-data x-anything',
  ].flatMap((line) => line.split(' '));
  for (const name of STAY) {
    it(`${name} stays inside`, () =>
      expect(answer({ [name]: name === 'set-cookie' ? ['a=b'] : 'x' })).toEqual({
        ok: true,
        headers: ALWAYS,
      }));
  }

  const CROSS = [
    'accept-ranges allow cache-control content-disposition content-encoding content-length content-range',
    'date docker-content-digest docker-upload-uuid etag expires last-modified oci-chunk-max-length oci-chunk-min-length',
    'oci-filters-applied oci-namespace oci-subject oci-tag range retry-after vary warning',
  ].flatMap((line) => line.split(' '));
  for (const name of CROSS) {
    it(`${name} crosses`, () =>
      expect(answer({ [name]: 'x' })).toEqual({ ok: true, headers: { ...ALWAYS, [name]: 'x' } }));
  }

  it.each([
    'application/octet-stream',
    'application/json; charset=utf-8',
    'application/vnd.oci.image.manifest.v1+json',
    'application/vnd.docker.image.rootfs.diff.tar.gzip',
    'application/vnd.oci.image.layer.v1.tar+zstd',
    'multipart/byteranges; boundary=a1',
    'text/plain; charset=utf-8',
  ])('%s crosses as it is', (type) => {
    expect(answer({ 'content-type': type })).toEqual({
      ok: true,
      headers: { ...ALWAYS, 'content-type': type },
    });
  });

  it.each([
    'text/html',
    'TEXT/HTML; charset=utf-8',
    ' text/html',
    'application/xhtml+xml',
    'image/svg+xml',
    'text/xml',
    'application/vnd.mozilla.xul+xml',
    'multipart/x-mixed-replace; boundary=a',
    'text/javascript',
    'application/pdf',
    'x',
    '',
    'application/json, text/html',
    'application/json; a=b, text/html',
    'text/plain\ttext/html',
  ])('M-B11r: %j is saved by a browser, and never a page of ours', (type) => {
    expect(answer({ 'content-type': type, 'content-disposition': 'inline' })).toEqual({
      ok: true,
      headers: {
        ...ALWAYS,
        'content-type': type,
        'content-disposition': 'attachment',
        'content-security-policy': "default-src 'none'; sandbox",
      },
    });
  });

  const LINKS: readonly (readonly [string, string])[] = [
    ['</v2/_catalog?last=b&n=2>; rel="next"', '</v2/_catalog?last=b&n=2>; rel="next"'],
    ['<http://127.0.0.1:5000/v2/_catalog?last=b&n=2>; rel="next"', '</v2/_catalog?last=b&n=2>; rel="next"'],
    ['<HTTP://registry.test/v2/a?n=1>; rel="next"', '</v2/a?n=1>; rel="next"'],
    [
      '<https://registry.test/v2/a/tags/list?n=1>; rel="next", <http://x/v2/b>; rel="prev"',
      '</v2/a/tags/list?n=1>; rel="next", </v2/b>; rel="prev"',
    ],
  ];
  for (const [given, expected] of LINKS) {
    it(`Link ${given} is made relative`, () =>
      expect(answer({ link: given })).toEqual({ ok: true, headers: { ...ALWAYS, link: expected } }));
  }

  // Clients follow a link with their credentials.
  it.each([
    '<https://evil.example/next>; rel="next"',
    '<//evil.example/v2/_catalog>; rel="next"',
    '</v2/a>; rel="next", <ftp://evil.example/v2/b>; rel="prev"',
    '<http:///v2/a>; rel="next"',
    '</\\\\evil.example/v2/a>; rel="next"',
  ])('R47: Link %s, which leads elsewhere, stays here', (link) => {
    expect(answer({ link })).toEqual({ ok: true, headers: ALWAYS });
  });

  it('Location is made relative, or the answer is refused', () => {
    expect(answer({ location: 'http://registry.test/v2/a' })).toEqual({
      ok: true,
      headers: { ...ALWAYS, location: '/v2/a' },
    });
    expect(answer({ location: 'http://evil.example/' })).toEqual({ ok: false });
  });
});
