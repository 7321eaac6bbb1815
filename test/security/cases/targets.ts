import { HOST, denied, forwarded, get, raw, refused, type HostileCase } from './hostile-case.ts';

const D = `sha256:${'a'.repeat(64)}`;

const bent = (target: string): HostileCase => ({ id: target, bytes: get(target), expected: refused(400) });
const foreign = (target: string): HostileCase => ({ id: target, bytes: get(target), expected: denied(404) });
const good = (target: string, to = target): HostileCase => ({
  id: target,
  about: 'is served',
  bytes: get(target),
  expected: forwarded(to),
});

/** What a registry would decode, fold or redirect to another path than the one that was authorised. */
export const bentPaths: readonly HostileCase[] = [
  // The registry decodes the path before it routes.
  '/v2/%5fcatalog',
  '/v2/%5Fcatalog',
  '/v2%2f_catalog',
  '/v2/secret%2fx/tags/list',
  '/%76%32/',
  '/v2/a%00/tags/list',
  '/v2/a%0d%0a/tags/list',
  '/v2/a%25/tags/list',
  '/v2/a%zz/tags/list',
  '/v2/a%c0%ae/tags/list',
  '/v2/a%',
  '/v2/a%4/tags/list',
  '/v2/%3f/tags/list',
  '/v2/a%20b/tags/list',
  '/v2/%2e%2e/_catalog',
  '/v2/..%2f_catalog',
  '/v2/a%2F..%2F..%2f_catalog',
  '/v2/a/%2e/tags/list',
  `/v2/a/blobs/sha256%253A${'a'.repeat(64)}`,
  '/v2/a%u002ftags/list',
  // It cleans dots and double slashes by a redirect, or by itself.
  '//v2/',
  '//v2/_catalog',
  '/v2//_catalog',
  '/v2//a/tags/list',
  '/v2/a//tags/list',
  '/v2/_catalog//',
  '/./v2/',
  '/../v2/',
  '/v2/./_catalog',
  '/v2/../v2/_catalog',
  '/v2/a/../_catalog',
  '/v2/..',

  '/v2/a/..',
  '/v2/a/.',
  '/v2/.../tags/list',
  '/v2/.a/tags/list',
  '/v2/a/tags/list/.',
  '/v2/a/..;/tags/list',
  // Other servers know other separators and parameters.

  '/v2\\_catalog',
  '/v2/\\..\\_catalog',
  '\\v2\\',
  '/v2/;a/tags/list',
  '/v2;x/_catalog',
  '/v2/a/tags/list;b=1',
  // A fragment is no part of a target; Express and the registry cut it at different places.
  '/v2/#',
  '/v2/#/../_catalog',
  '/v2/a/tags/list#',
  '/healthz#/../v2/',
  '/v2/?#',
  '/v2/_catalog?n=1#x',
  // No path of a registry needs these.

  '/v2/a"b/tags/list',
  '/v2/<a>/tags/list',
  '/v2/{a}/tags/list',
  '/v2/a|b/tags/list',
  '/v2/a^b/tags/list',

  '/v2/a`b/tags/list',
  '/v2/\u00fcber/tags/list',
  '/v2/a\u007f/tags/list',
  '/v2/_catalog?x=\u00fc',
  '/v2/?{}',
].map(bent);

export const lineForms: readonly HostileCase[] = [
  ...['*', '*/v2/', 'v2/', '?', '#', '', '.', 'localhost:443', 'localhost', '@localhost/v2/', ':443/v2/'].map(
    (target): HostileCase => ({
      id: `GET ${target}`,
      bytes: get(target),
      expected: refused(400),
    }),
  ),
  { id: 'OPTIONS */v2/', bytes: raw('OPTIONS */v2/ HTTP/1.1', [HOST]), expected: refused(400) },
  { id: 'OPTIONS **', bytes: raw('OPTIONS ** HTTP/1.1', [HOST]), expected: refused(400) },
  { id: 'POST *', bytes: raw('POST * HTTP/1.1', [HOST, 'Content-Length: 0']), expected: refused(400) },
  { id: 'a space in the target', bytes: get('/v2/_catalog /x'), expected: refused(400) },
  { id: 'a space before HTTP', bytes: get('/v2/_catalog '), expected: forwarded('/v2/_catalog') },
  {
    id: 'a target of 9000 bytes',
    bytes: get(`/v2/${'a'.repeat(9000)}/tags/list`),
    expected: refused(414),
  },
  {
    id: 'a target of 7900 bytes',
    bytes: get(`/v2/a/tags/list?last=${'a'.repeat(7880)}`),
    expected: forwarded(`/v2/a/tags/list?last=${'a'.repeat(7880)}`),
  },
];

/** Well-formed, and none of the registry's paths. */
export const foreignPaths: readonly HostileCase[] = [
  '/v1/',
  '/v2x/',
  '/v20/',
  '/V2/',
  '/v2/_Catalog',
  '/V2/_catalog',
  '/v2/_catalog/',
  '/v2/_catalog/x',
  '/v2/Foo/tags/list',
  '/v2/foo/Tags/list',
  '/v2/foo/tags/LIST',
  '/v2/foo/tags/list/',
  '/v2/tags/list',

  '/v2/a/manifests/',
  '/v2/a/manifests',
  '/v2/manifests/latest',
  '/v2/a/manifests/a:b',
  '/v2/a/manifests/-x',

  '/v2/a/blobs/',
  '/v2/a/blobs/sha256',
  '/v2/a/blobs/sha256:',
  '/v2/a/blobs/sha256:xyz',
  `/v2/a/blobs/${D}/`,

  '/v2/a/referrers/',
  '/v2/a/referrers/latest',
  '/v2/-a/tags/list',
  '/v2/a-/tags/list',
  '/v2/a___b/tags/list',
  '/v2/a/blobs/uploads',
  '/v2/a/blobs/uploads/x/y',
  '/v2/a/blobs/uploads/a+b',
  '/v2/a/blobs/uploads/a~b',

  '/v2/__proto__/tags/list',
  '/v2/a/constructor/',
  '/v2/a:b/tags/list',
  '/v2/a@b/tags/list',
  '/v2/a,b/tags/list',

  '/metrics',
  '/debug/vars',
  '/debug/pprof/',
  '/v2/metrics',
  '/login',
  '/favicon.ico',
  '/robots.txt',

  '/healthz/',
  '/healthz?',
  '/healthz?x',
  '/healthz/v2/',
  '/readyz/x',
  '/ca.crt?',
  '/ca.key',
  '/domain.key',
  '/ca.crt/v2/',
  '/HEALTHZ',
  '/htpasswd',
].map(foreign);

/** In no other spelling than these. */
export const goodPaths: readonly HostileCase[] = [
  good('/v2/'),
  good('/v2', '/v2/'),
  good('/v2/_catalog'),
  good('/v2/_catalog?n=1000&last=a%2Fb'),
  good('/v2/a/b_c/d__e/f-g/h.i/tags/list'),
  good('/v2/a/manifests/latest'),
  good('/v2/a/manifests/b/manifests/latest'),
  good(`/v2/a/manifests/${D}`),
  good(`/v2/a/manifests/sha256%3A${'a'.repeat(64)}`, `/v2/a/manifests/${D}`),
  good(`/v2/a/blobs/sha256%3a${'a'.repeat(64)}`, `/v2/a/blobs/${D}`),
  good(`/v2/a/referrers/${D}?artifactType=application%2Fx`),
  good('/v2/a/blobs/uploads/0f3c-A_=.b?_state=x%2B%2F%3D'),
  good('/v2/_catalog?__proto__=x&constructor=y&toString'),
  good('/v2/?', '/v2/'),
  good('/v2/_catalog?&&', '/v2/_catalog'),
];

const query = (target: string): HostileCase => ({ id: target, bytes: get(target), expected: denied(400) });
const hint = (target: string, sent: string): HostileCase => ({
  id: target,
  bytes: get(target),
  expected: forwarded(sent),
});
const begin = (text: string): string =>
  raw(`POST /v2/a/blobs/uploads/?${text} HTTP/1.1`, [HOST, 'Content-Length: 0']);
const mount = (text: string): HostileCase => ({
  id: `POST ?${text}`,
  bytes: begin(text),
  expected: denied(400),
});
const noMount = (text: string): HostileCase => ({
  id: `POST ?${text}`,
  about: 'a mount that can not be judged begins an upload',
  bytes: begin(text),
  expected: forwarded('/v2/a/blobs/uploads/'),
});

/** A query that Go's ParseQuery might read otherwise than the gate does, or that costs the registry memory. */
export const queries: readonly HostileCase[] = [
  ...['n=1001', 'n=999999999'].map((text) => hint(`/v2/_catalog?${text}`, '/v2/_catalog?n=1000')),
  ...['n=1e9', 'n=0x10', 'n=', 'n', 'n=%31%', 'n=1;x=2', 'n=99999999999', 'n=-5', 'n=%D9%A1', 'n=&last='].map(
    (text) => hint(`/v2/_catalog?${text}`, '/v2/_catalog'),
  ),
  ...['last=%zz', 'last=%c0%ae', 'last=%ff', 'last=%'].map((text) =>
    hint(`/v2/_catalog?${text}`, '/v2/_catalog'),
  ),
  hint('/v2/_catalog?n=1&n=2', '/v2/_catalog?n=1'),
  hint('/v2/_catalog?last=a&last=b', '/v2/_catalog?last=a'),
  hint(`/v2/a/tags/list?mount=${D}&from=b`, '/v2/a/tags/list'),
  ...['%6e=1', '=1', 'a+b=1', '%ce%bc=1', '%e2%80%83from=a', 'FROM=a'].map((text) =>
    query(`/v2/_catalog?${text}`),
  ),
  ...[
    `mount=${D}&from=secret/x&from=mine`,
    `mount=${D}&mount=${D}&from=mine`,
    `mount=${D}&%66rom=secret`,
    `Mount=${D}&From=secret`,
    `mount=${D}&from=mine&FROM=secret`,
    `mount=${D}&from=mine&%c4%b0=secret`,
  ].map(mount),
  {
    id: 'POST ?mount',
    about: 'from anywhere, by somebody who may read everywhere',
    bytes: begin(`mount=${D}`),
    expected: forwarded(`/v2/a/blobs/uploads/?mount=${D}`),
  },
  ...[
    'from=a',
    `mount=${D}&from=`,
    `mount=${D}&from=Secret`,
    `mount=${D}&from=..%2fsecret`,
    `mount=${D}&from=localhost:5000%2fsecret`,
    `mount=${D}&from=secret%c0%afx`,
    `mount=${D}&from=%e2%80%83secret`,
    `mount=${D}&from=secret%ff`,
    `mount=${D}&from=%ef%bd%93ecret`,
    'mount=latest&from=a',
    `mount=${D};from=a`,
  ].map(noMount),
  ...[`digest=${D}&digest=${D}`, 'digest=x', 'digest=', '_state=a&_state=b'].map(mount),
];

/** Another path in a header or a query does not make a path public, or another one. */
const elsewhere = (target: string, ...fields: readonly string[]): HostileCase => ({
  id: target,
  about: fields.join(', ') || 'a public path in the query',
  bytes: get(target, ...fields),
  expected: forwarded(target),
});

export const publicPathTricks: readonly HostileCase[] = [
  { id: '/v2/?/healthz', bytes: get('/v2/?/healthz'), expected: denied(400) },
  elsewhere('/v2/?x=/healthz'),
  elsewhere('/v2/', 'X-Forwarded-Uri: /healthz'),
  elsewhere('/v2/', 'X-Original-URL: /healthz'),
  elsewhere('/v2/', 'X-Rewrite-URL: /healthz'),
  elsewhere('/v2/', 'X-Forwarded-Prefix: /healthz'),
  elsewhere('/v2/', 'User-Agent: kube-probe/1.30'),
  elsewhere('/v2/', 'User-Agent: GoogleHC/1.0'),
  elsewhere('/v2/', 'X-HTTP-Method-Override: DELETE'),
  elsewhere('/v2/', 'X-Forwarded-For: 127.0.0.1'),
  { id: '/healthz/../v2/', bytes: get('/healthz/../v2/'), expected: refused(400) },
  { id: '/healthz%2f..%2fv2/', bytes: get('/healthz%2f..%2fv2/'), expected: refused(400) },
  { id: '/v2/?a[]=/healthz', bytes: get('/v2/?a[]=/healthz'), expected: refused(400) },
  { id: '/%68ealthz', bytes: get('/%68ealthz'), expected: refused(400) },
];
