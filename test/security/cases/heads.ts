import {
  HOST,
  SMUGGLED,
  UPLOADS,
  base,
  closed,
  denied,
  forwarded,
  forwardedLast,
  get,
  local,
  post,
  raw,
  refused,
} from './hostile-case.ts';
import type { HostileCase } from './hostile-case.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;

const host = (value: string): HostileCase => ({
  id: `Host: ${JSON.stringify(value)}`,
  bytes: raw('GET /v2/ HTTP/1.1', [`Host: ${value}`]),
  expected: refused(400),
});
const goodHost = (value: string): HostileCase => ({
  ...host(value),
  about: 'is served',
  expected: forwarded(),
});

/** RFC 9112 section 3.2: exactly one Host, a name or an address with an optional port. */
export const hosts: readonly HostileCase[] = [
  ...[
    '',
    'a, b',
    'a,b',
    'a b',
    'u@h',
    'u:p@h',
    'h/x',
    '/h',
    'h#x',
    'h?x',
    'h\\x',
    'h%00',
    '%68',
    'h:',
    'h:x',
  ].map(host),
  ...['h:99999', 'h:65536', 'h:-1', 'h:443:443', ':443', '.', '-', '_', '[::1', '::1', '[::1]x', '[g]'].map(
    host,
  ),
  ...[
    'h\u00fc',
    'h"',
    "h'",
    'h<',
    'h{',
    'h|',
    'h;',
    'h=',
    'h&',
    'h\u0000',
    'h\u0001',
    'h\tx',
    'x'.repeat(300),
  ].map(host),
  ...[
    'localhost',
    'LOCALHOST:443',
    'a.b-c.example:5000',
    '10.0.0.1',
    '[::1]:8443',
    'host_with_underscore',
  ].map(goodHost),
  { id: 'no Host', bytes: raw('GET /v2/ HTTP/1.1', []), expected: refused(400) },
  { id: 'no Host in HTTP/1.0', bytes: raw('GET /v2/ HTTP/1.0', []), expected: refused(400) },
  ...[
    ['Host: localhost', 'Host: localhost'],
    ['Host: localhost', 'host: evil.example'],
    ['Host: evil.example', 'HOST: localhost'],
    ['Host: ', 'Host: localhost'],
    ['Host: localhost', 'Host: '],
  ].map((fields): HostileCase => ({
    id: fields.join(' and '),
    bytes: raw('GET /v2/ HTTP/1.1', fields),
    expected: refused(400),
  })),
];

const absolute = (target: string): HostileCase => ({
  id: target,
  bytes: get(target),
  expected: refused(400),
});

/** RFC 9112 section 3.2.2: for forward proxies. No connection is ever made to anywhere but the backend. */
export const absoluteForms: readonly HostileCase[] = [
  ...['http://evil.example/v2/', 'https://localhost/v2/', 'http://localhost/v2/', 'HTTP://localhost/v2/'].map(
    absolute,
  ),
  ...[
    'https://127.0.0.1:5000/v2/',
    'http://user:pw@localhost/v2/',
    'http:/v2/',
    'http:///v2/',
    'ftp://h/v2/',
  ].map(absolute),
  ...[
    'unix:/v2/',
    'file:///etc/passwd',
    'javascript:alert(1)',
    'http://[::1]/v2/',
    'http://localhost#/v2/',
  ].map(absolute),
  ...['/http://evil.example/v2/', '/https:/evil/v2/'].map((target): HostileCase => ({
    id: target,
    bytes: get(target),
    expected: target.includes('//') ? refused(400) : denied(404),
  })),
  {
    id: 'POST http://localhost/v2/a/blobs/uploads/',
    bytes: raw('POST http://localhost/v2/a/blobs/uploads/ HTTP/1.1', [HOST, 'Content-Length: 5'], 'hello'),
    expected: refused(400),
  },
];

const twice = (name: string, one: string, other: string): HostileCase => ({
  id: `two ${name}`,
  about: one === other ? 'alike' : 'that differ',
  bytes: post([`${name}: ${one}`, `${name.toLowerCase()}: ${other}`], ''),
  expected: refused(400),
});

/** Node keeps the first of two or joins them; a registry may take the last. */
export const duplicates: readonly HostileCase[] = [
  twice('Content-Type', 'text/plain', 'application/json'),
  twice('Content-Type', 'text/plain', 'text/plain'),
  twice('Content-Range', '0-4', '0-9'),
  twice('Range', 'bytes=0-1', 'bytes=2-3'),
  twice('Docker-Content-Digest', DIGEST, DIGEST),
  twice('If-Range', '"a"', '"b"'),
  twice('If-Modified-Since', 'Sat, 01 Jan 2000 00:00:00 GMT', 'Sun, 02 Jan 2000 00:00:00 GMT'),
  twice('OCI-Chunk-Min-Length', '1', '2'),
  twice('Expect', '100-continue', '100-continue'),
  twice('Authorization', 'Basic YTpi', 'Basic YTpi'),
  twice('Authorization', 'Basic YTpi', 'Bearer x'),
  {
    id: 'valid credentials and others',
    bytes: base('Authorization: Basic YTpi', 'authorization: Basic YTpi'),
    expected: refused(400),
  },
];

const method = (name: string): HostileCase => ({
  id: name,
  bytes: raw(`${name} /v2/ HTTP/1.1`, [HOST]),
  expected: refused(400, 405),
});
const wrongMethod = (line: string): HostileCase => ({
  id: line,
  bytes: raw(`${line} HTTP/1.1`, [HOST, ...(/^(POST|PUT|PATCH)/.test(line) ? ['Content-Length: 0'] : [])]),
  expected: denied(405),
});
const options = (target: string, ...fields: readonly string[]): HostileCase => ({
  id: `OPTIONS ${target}`,
  about: fields.join(),
  bytes: raw(`OPTIONS ${target} HTTP/1.1`, [HOST, ...fields]),
  expected: local(204),
});

export const methods: readonly HostileCase[] = [
  ...[
    'TRACE',
    'QUERY',
    'PROPFIND',
    'PROPPATCH',
    'MKCOL',
    'COPY',
    'MOVE',
    'LOCK',
    'UNLOCK',
    'SEARCH',
    'REPORT',
  ].map(method),
  ...[
    'SOURCE',
    'PURGE',
    'LINK',
    'UNLINK',
    'M-SEARCH',
    'NOTIFY',
    'SUBSCRIBE',
    'REBIND',
    'ACL',
    'BIND',
    'MERGE',
  ].map(method),
  ...[
    'get',
    'Get',
    'gET',
    'G\u0000T',
    'GETT',
    'GE',
    'FOO',
    '-',
    'DESCRIBE',
    'SETUP',
    'TRACK',
    'DEBUG',
    'POSTGET',
  ].map(method),
  ...[
    'DELETE /v2/_catalog',
    'POST /v2/',
    'PUT /v2/',
    'PATCH /v2/a/manifests/latest',
    'POST /v2/a/tags/list',
  ].map(wrongMethod),
  ...[
    'GET /v2/a/blobs/uploads/',
    'DELETE /v2/a/tags/list',
    `PUT /v2/a/blobs/${DIGEST}`,
    `POST /v2/a/referrers/${DIGEST}`,
  ].map(wrongMethod),
  options('/v2/'),
  options('*'),
  options('/'),
  options('/healthz'),
  options('/v2/secret/tags/list', 'Origin: https://evil.example', 'Access-Control-Request-Method: DELETE'),
  { id: 'CONNECT', bytes: raw('CONNECT 127.0.0.1:22 HTTP/1.1', ['Host: 127.0.0.1:22']), expected: closed },
  { id: 'CONNECT with a path', bytes: raw('CONNECT /v2/ HTTP/1.1', [HOST]), expected: closed },
  {
    id: 'CONNECT, and then a request',
    bytes: `${raw('CONNECT localhost:443 HTTP/1.1', ['Host: localhost:443'])}${SMUGGLED}`,
    expected: closed,
  },
];

const expecting = (value: string): HostileCase => ({
  id: `Expect: ${value}`,
  bytes: post([`Expect: ${value}`, 'Content-Length: 5'], 'hello'),
  expected: refused(417),
});

export const expectations: readonly HostileCase[] = [
  ...[
    'y 100-continue',
    '100-continue, x',
    '100-continue;q=1',
    '200-ok',
    '',
    'x',
    '100',
    '"100-continue"',
    '100-continue 100-continue',
  ].map(expecting),
  {
    id: 'Expect: 100-continue',
    bytes: post(['Expect: 100-continue', 'Content-Length: 5', 'X-Remote-User: admin'], 'hello'),
    expected: forwarded(UPLOADS, 'hello'),
  },
  {
    id: 'Expect: 100-CONTINUE',
    bytes: post(['Expect: 100-CONTINUE', 'Content-Length: 5'], 'hello'),
    expected: forwarded(UPLOADS, 'hello'),
  },
  {
    id: 'Expect: 100-continue without a body',
    bytes: base('Expect: 100-continue', 'X-Remote-User: admin'),
    expected: forwarded(),
  },
  {
    id: 'Expect: 100-continue and a chunked body',
    bytes: post(['Expect: 100-continue', 'Transfer-Encoding: chunked'], '5\r\nhello\r\n0\r\n\r\n'),
    expected: forwarded(UPLOADS, 'hello'),
  },
  {
    id: 'Expect in HTTP/1.0',
    bytes: raw(`POST ${UPLOADS} HTTP/1.0`, [HOST, 'Expect: 100-continue', 'Content-Length: 5'], 'hello'),
    expected: refused(417),
  },
  {
    id: 'Expect on a path that is none',
    bytes: get('/v2/Foo/x', 'Expect: 100-continue'),
    expected: denied(404),
  },
  { id: 'Expect on a public page', bytes: get('/healthz', 'Expect: 100-continue'), expected: local(200) },
];

const filler = (count: number): readonly string[] => Array.from({ length: count }, () => 'a:');

/** Many small fields and the length after them: Node once framed by fields that it hid (CVE-2026-58044). */
const many = (total: number): HostileCase => ({
  id: `${total} fields with a length at the end`,
  // Host, credentials (of the same kind for a stranger) and the length count too.
  bytes: raw(
    `POST ${UPLOADS} HTTP/1.1`,
    [HOST, ...filler(total - 3), `Content-Length: ${SMUGGLED.length}`],
    'x'.repeat(SMUGGLED.length),
  ),
  expected: total > 101 ? refused(431) : forwarded(UPLOADS, 'x'.repeat(SMUGGLED.length)),
});

export const headerCounts: readonly HostileCase[] = [
  ...[90, 100, 102, 990, 1000, 1001, 1500, 2000, 3000].map(many),
  {
    id: '1500 fields, a hidden length, a request as the body',
    bytes: raw(`POST ${UPLOADS} HTTP/1.1`, [HOST, ...filler(1500), 'Content-Length: 60'], SMUGGLED),
    expected: refused(431),
  },
  { id: 'a head of 17 KiB', bytes: base(`X-Long: ${'x'.repeat(17_000)}`), expected: refused(431) },
  { id: 'a head of 15 KiB', bytes: base(`X-Long: ${'x'.repeat(15_000)}`), expected: forwarded() },
  { id: 'a name of 17 KiB', bytes: base(`${'X'.repeat(17_000)}: x`), expected: refused(431) },
  {
    id: 'a Host of 17 KiB',
    bytes: raw('GET /v2/ HTTP/1.1', [`Host: ${'x'.repeat(17_000)}`]),
    expected: refused(431),
  },
  ...[
    '__proto__',
    'constructor',
    'hasOwnProperty',
    'toString',
    'valueOf',
    '__defineGetter__',
    'prototype',
    'length',
    'set-cookie',
  ].map((name): HostileCase => ({
    id: `a field named ${name}`,
    bytes: base(`${name}: polluted`, `${name}: again`),
    expected: forwarded(),
  })),
];

const upgrade = (id: string, ...fields: readonly string[]): HostileCase => ({
  id,
  bytes: base(...fields),
  expected: forwardedLast(),
});

/** Nothing is switched to: an upgrade is a plain request, and the last one of its connection. */
export const upgrades: readonly HostileCase[] = [
  upgrade(
    'websocket',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Key: eA==',
    'Sec-WebSocket-Version: 13',
  ),
  upgrade(
    'h2c',
    'Connection: Upgrade, HTTP2-Settings',
    'Upgrade: h2c',
    'HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA',
  ),
  upgrade('a made-up protocol', 'Connection: upgrade', 'Upgrade: x'),
  upgrade('TLS/1.0', 'Connection: Upgrade', 'Upgrade: TLS/1.0'),
  upgrade('an upgrade that Connection does not name', 'Upgrade: websocket'),
  {
    id: 'Connection without an upgrade',
    bytes: base('Connection: upgrade'),
    expected: forwarded(),
  },
  upgrade('two upgrades', 'Connection: Upgrade', 'Upgrade: websocket', 'Upgrade: h2c'),
  {
    id: 'an upgrade with a body',
    bytes: post(['Connection: Upgrade', 'Upgrade: websocket', 'Content-Length: 5'], 'hello'),
    expected: forwardedLast(UPLOADS, 'hello'),
  },
  {
    id: 'an upgrade in HTTP/1.0',
    bytes: raw('GET /v2/ HTTP/1.0', [HOST, 'Connection: Upgrade', 'Upgrade: websocket']),
    expected: forwardedLast(),
  },
  {
    id: 'a request that follows an upgrade at once',
    bytes: `${base('Connection: Upgrade', 'Upgrade: websocket')}${SMUGGLED.replace('@AUTH@', '@AUTH@Connection: close\r\n')}`,
    expected: { kind: 'sequence', answers: [200], targets: ['/v2/'], stranger: [401] },
  },
];

const trailer = (field: string): HostileCase => ({
  id: field,
  bytes: post(['Transfer-Encoding: chunked', 'Trailer: X-Checksum'], `5\r\nhello\r\n0\r\n${field}\r\n\r\n`),
  expected: forwarded(UPLOADS, 'hello'),
});
const brokenTrailer = (field: string): HostileCase => ({
  ...trailer(field),
  expected: { kind: 'broken', statuses: [400] },
});

/** Fields after the body are dropped, and change nothing. */
export const trailers: readonly HostileCase[] = [
  ...[
    'X-Checksum: abc',
    'Authorization: Basic YTpi',
    'Host: evil.example',
    'Content-Type: application/x-www-form-urlencoded',
  ].map(trailer),
  ...[
    'X-Forwarded-For: 10.0.0.1',
    'Connection: close',
    'X-Remote-User: admin',
    '__proto__: x',
    'Cookie: a=b',
  ].map(trailer),
  ...[
    'Content-Length: 50',
    'Transfer-Encoding: chunked',
    'No colon',
    'X-One : 1',
    ': 1',
    'X: 1\nY: 2',
    'X: a\u0000b',
  ].map(brokenTrailer),
  {
    id: 'trailers of 64 KiB',
    bytes: post(['Transfer-Encoding: chunked'], `5\r\nhello\r\n0\r\nX: ${'x'.repeat(65_536)}\r\n\r\n`),
    expected: { kind: 'broken', statuses: [400, 431] },
  },
];
