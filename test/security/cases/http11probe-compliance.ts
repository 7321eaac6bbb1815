import {
  HOST,
  UPLOADS,
  base,
  broken,
  chunked,
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

const PLAIN = 'Content-Type: text/plain';

const methodsAndTargets: readonly HostileCase[] = [
  { id: 'COMP-405-ALLOW', bytes: raw('DELETE /v2/_catalog HTTP/1.1', [HOST]), expected: denied(405) },
  { id: 'COMP-ABSOLUTE-FORM', bytes: get('http://localhost/v2/'), expected: refused(400) },
  { id: 'COMP-ACCEPT-NONSENSE', bytes: base('Accept: application/x-nonsense'), expected: forwarded() },
  { id: 'COMP-ASTERISK-WITH-GET', bytes: get('*'), expected: refused(400) },
  { id: 'COMP-BASELINE', bytes: base(), expected: forwarded() },
  { id: 'COMP-LEADING-CRLF', bytes: `\r\n\r\n${base()}`, expected: forwarded() },
  { id: 'COMP-LONG-URL-OK', bytes: get(`/v2/${'a'.repeat(7900)}/tags/list`), expected: denied(404) },
  { id: 'COMP-METHOD-CASE', bytes: raw('get /v2/ HTTP/1.1', [HOST]), expected: refused(400) },
  {
    id: 'COMP-METHOD-CONNECT',
    bytes: raw('CONNECT example.com:443 HTTP/1.1', ['Host: example.com:443']),
    expected: closed,
  },
  { id: 'COMP-METHOD-TRACE', bytes: raw('TRACE /v2/ HTTP/1.1', [HOST]), expected: refused(405) },
  {
    id: 'COMP-TRACE-SENSITIVE',
    bytes: raw('TRACE /v2/ HTTP/1.1', [HOST, 'Cookie: session=1', 'Proxy-Authorization: Bearer x']),
    expected: refused(405),
  },
  {
    id: 'COMP-TRACE-WITH-BODY',
    bytes: raw('TRACE /v2/ HTTP/1.1', [HOST, 'Content-Length: 5'], 'hello'),
    expected: refused(405),
  },
  { id: 'COMP-UNKNOWN-METHOD', bytes: raw('FOOBAR /v2/ HTTP/1.1', [HOST]), expected: refused(400) },
  { id: 'COMP-NO-CL-IN-204', bytes: raw('OPTIONS /v2/ HTTP/1.1', [HOST]), expected: local(204) },
  { id: 'COMP-OPTIONS-ALLOW', bytes: raw('OPTIONS / HTTP/1.1', [HOST]), expected: local(204) },
  { id: 'COMP-OPTIONS-STAR', bytes: raw('OPTIONS * HTTP/1.1', [HOST]), expected: local(204) },
  { id: 'COMP-REQUEST-LINE-TAB', bytes: raw('GET\t/v2/ HTTP/1.1', [HOST]), expected: refused(400) },
  { id: 'COMP-SPACE-IN-TARGET', bytes: get('/v2/a b/tags/list'), expected: refused(400) },
  { id: 'COMP-HEAD-NO-BODY', bytes: raw('HEAD /v2/ HTTP/1.1', [HOST]), expected: forwarded() },
  { id: 'COMP-GET-WITH-CL-BODY', bytes: `${base('Content-Length: 5')}hello`, expected: refused(400) },
  { id: 'COMP-DATE-HEADER', bytes: base('Accept: a/b'), expected: forwarded() },
  { id: 'COMP-DATE-FORMAT', bytes: get('/x'), expected: denied(404) },
  { id: 'COMP-CONTENT-TYPE', bytes: get('/v2/Upper/tags/list'), expected: denied(404) },
  {
    id: 'COMP-RANGE-INVALID',
    bytes: get('/v2/a/tags/list', 'Range: bytes=abc-xyz'),
    expected: forwarded('/v2/a/tags/list'),
  },
  {
    id: 'COMP-RANGE-POST',
    bytes: post(['Range: bytes=0-10', 'Content-Length: 5'], 'hello'),
    expected: forwarded(UPLOADS, 'hello'),
  },
];

const bodies: readonly HostileCase[] = [
  {
    id: 'COMP-CHUNKED-BODY',
    bytes: chunked('5\r\nhello\r\n0\r\n\r\n'),
    expected: forwarded(UPLOADS, 'hello'),
  },
  { id: 'COMP-CHUNKED-EMPTY', bytes: chunked('0\r\n\r\n'), expected: forwarded(UPLOADS, '') },
  {
    id: 'COMP-CHUNKED-EXTENSION',
    bytes: chunked('5;ext=value\r\nhello\r\n0\r\n\r\n'),
    expected: forwarded(UPLOADS, 'hello'),
  },
  {
    id: 'COMP-CHUNKED-HEX-UPPERCASE',
    bytes: chunked('A\r\nhelloworld\r\n0\r\n\r\n'),
    expected: forwarded(UPLOADS, 'helloworld'),
  },
  {
    id: 'COMP-CHUNKED-MULTI',
    bytes: chunked('5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n'),
    expected: forwarded(UPLOADS, 'hello world'),
  },
  { id: 'COMP-CHUNKED-NO-FINAL', bytes: chunked('5\r\nhello\r\n'), expected: broken(408) },
  {
    id: 'COMP-CHUNKED-TRAILER-VALID',
    bytes: chunked('5\r\nhello\r\n0\r\nX-Checksum: abc\r\n\r\n'),
    expected: forwarded(UPLOADS, 'hello'),
  },
  {
    id: 'COMP-DUPLICATE-CT',
    bytes: post([PLAIN, 'Content-Type: application/json', 'Content-Length: 5'], 'hello'),
    expected: refused(400),
  },
  {
    id: 'COMP-POST-CL-BODY',
    bytes: post([PLAIN, 'Content-Length: 5'], 'hello'),
    expected: forwarded(UPLOADS, 'hello'),
  },
  { id: 'COMP-POST-CL-UNDERSEND', bytes: post(['Content-Length: 10'], 'hello'), expected: broken(408) },
  { id: 'COMP-POST-CL-ZERO', bytes: post(['Content-Length: 0']), expected: forwarded(UPLOADS) },
  { id: 'COMP-POST-NO-CL-NO-TE', bytes: post([]), expected: forwarded(UPLOADS) },
  {
    id: 'COMP-POST-UNSUPPORTED-CT',
    bytes: post(['Content-Type: application/x-nonsense', 'Content-Length: 5'], 'hello'),
    expected: forwarded(UPLOADS, 'hello'),
  },
  {
    id: 'COMP-EXPECT-UNKNOWN',
    bytes: post(['Expect: 200-ok', 'Content-Length: 5'], 'hello'),
    expected: refused(417),
  },
  {
    id: 'COMP-NO-1XX-HTTP10',
    bytes: raw(`POST ${UPLOADS} HTTP/1.0`, [HOST, 'Expect: 100-continue', 'Content-Length: 5'], 'hello'),
    expected: refused(417),
  },
  {
    id: 'COMP-UNKNOWN-TE-501',
    bytes: post(['Transfer-Encoding: gzip'], 'hello'),
    expected: refused(400, 501),
  },
];

const hosts: readonly HostileCase[] = [
  {
    id: 'COMP-DUPLICATE-HOST-SAME',
    bytes: raw('GET /v2/ HTTP/1.1', [HOST, HOST]),
    expected: refused(400),
  },
  { id: 'COMP-HOST-EMPTY-VALUE', bytes: raw('GET /v2/ HTTP/1.1', ['Host: ']), expected: refused(400) },
  {
    id: 'COMP-HOST-WITH-PATH',
    bytes: raw('GET /v2/ HTTP/1.1', ['Host: localhost:443/path']),
    expected: refused(400),
  },
  {
    id: 'COMP-HOST-WITH-USERINFO',
    bytes: raw('GET /v2/ HTTP/1.1', ['Host: user@localhost:443']),
    expected: refused(400),
  },
  {
    id: 'RFC9110-5.4-DUPLICATE-HOST',
    bytes: raw('GET /v2/ HTTP/1.1', [HOST, 'Host: other.example']),
    expected: refused(400),
  },
  { id: 'RFC9112-7.1-MISSING-HOST', bytes: raw('GET /v2/ HTTP/1.1', []), expected: refused(400) },
  { id: 'COMP-HTTP10-NO-HOST', bytes: raw('GET /v2/ HTTP/1.0', []), expected: refused(400) },
  {
    id: 'RFC9110-5.6.2-SP-BEFORE-COLON',
    bytes: raw('GET /v2/ HTTP/1.1', ['Host : localhost']),
    expected: refused(400),
  },
];

const versions: readonly HostileCase[] = [
  { id: 'COMP-CONNECTION-CLOSE', bytes: base('Connection: close'), expected: forwardedLast() },
  {
    id: 'COMP-HTTP10-DEFAULT-CLOSE',
    bytes: raw('GET /v2/ HTTP/1.0', [HOST]),
    expected: forwardedLast(),
  },
  { id: 'COMP-HTTP12-VERSION', bytes: raw('GET /v2/ HTTP/1.2', [HOST]), expected: refused(400, 505) },
  { id: 'COMP-VERSION-CASE', bytes: raw('GET /v2/ http/1.1', [HOST]), expected: refused(400) },
  { id: 'COMP-VERSION-LEADING-ZEROS', bytes: raw('GET /v2/ HTTP/01.01', [HOST]), expected: refused(400) },
  { id: 'COMP-VERSION-MISSING-MINOR', bytes: raw('GET /v2/ HTTP/1', [HOST]), expected: refused(400) },
  { id: 'COMP-VERSION-WHITESPACE', bytes: raw('GET /v2/ HTTP/ 1.1', [HOST]), expected: refused(400) },
  { id: 'RFC9112-2.3-HTTP09-REQUEST', bytes: 'GET /v2/\r\n', finish: true, expected: closed },
  { id: 'RFC9112-2.3-INVALID-VERSION', bytes: raw('GET /v2/ HTTP/9.9', [HOST]), expected: refused(400, 505) },
];

const lines: readonly HostileCase[] = [
  {
    id: 'COMP-WHITESPACE-BEFORE-HEADERS',
    bytes: 'GET /v2/ HTTP/1.1\r\n Host: localhost\r\n@AUTH@\r\n',
    expected: refused(400),
  },
  {
    id: 'RFC9112-2.2-BARE-LF-HEADER',
    bytes: 'GET /v2/ HTTP/1.1\r\n@AUTH@Host: localhost\nAccept: */*\r\n\r\n',
    expected: refused(400),
  },
  {
    id: 'RFC9112-2.2-BARE-LF-REQUEST-LINE',
    bytes: 'GET /v2/ HTTP/1.1\n@AUTH@Host: localhost\r\n\r\n',
    expected: refused(400),
  },
  {
    id: 'RFC9112-3-CR-ONLY-LINE-ENDING',
    bytes: 'GET /v2/ HTTP/1.1\rHost: localhost\r\r',
    expected: refused(400),
  },
  { id: 'RFC9112-3-MISSING-TARGET', bytes: raw('GET HTTP/1.1', [HOST]), expected: refused(400) },
  {
    id: 'RFC9112-3-MULTI-SP-REQUEST-LINE',
    bytes: raw('GET  /v2/  HTTP/1.1', [HOST]),
    // Read leniently, as it may be: what goes on is written anew.
    expected: forwarded(),
  },
  { id: 'RFC9112-3.2-FRAGMENT-IN-TARGET', bytes: get('/v2/#frag'), expected: refused(400) },
  { id: 'RFC9112-5-EMPTY-HEADER-NAME', bytes: base(': value'), expected: refused(400) },
  { id: 'RFC9112-5-HEADER-NO-COLON', bytes: base('InvalidHeaderNoColon'), expected: refused(400) },
  { id: 'RFC9112-5-INVALID-HEADER-NAME', bytes: base('X[Odd]: 1'), expected: refused(400) },
  { id: 'RFC9112-5.1-OBS-FOLD', bytes: base('X-Folded: one', ' two'), expected: refused(400) },
  {
    id: 'RFC9112-6.1-CL-NON-NUMERIC',
    bytes: post(['Content-Length: abc'], 'hello'),
    expected: refused(400),
  },
  { id: 'RFC9112-6.1-CL-PLUS-SIGN', bytes: post(['Content-Length: +5'], 'hello'), expected: refused(400) },
];

const WEBSOCKET = [
  'Upgrade: websocket',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Version: 13',
];

const upgrades: readonly HostileCase[] = [
  {
    id: 'COMP-UPGRADE-HTTP10',
    bytes: raw('GET /v2/ HTTP/1.0', [HOST, 'Connection: Upgrade', ...WEBSOCKET]),
    expected: forwardedLast(),
  },
  {
    id: 'COMP-UPGRADE-INVALID-VER',
    bytes: base('Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 99'),
    expected: forwardedLast(),
  },
  { id: 'COMP-UPGRADE-MISSING-CONN', bytes: base(...WEBSOCKET), expected: forwardedLast() },
  {
    id: 'COMP-UPGRADE-POST',
    bytes: post(['Connection: Upgrade', ...WEBSOCKET, 'Content-Length: 5'], 'hello'),
    expected: forwardedLast(UPLOADS, 'hello'),
  },
  {
    id: 'COMP-UPGRADE-UNKNOWN',
    bytes: base('Connection: Upgrade', 'Upgrade: totally-made-up/1.0'),
    expected: forwardedLast(),
  },
];

/** Category "Compliance" of Http11Probe, with the base path or an upload in place of its `/`. */
export const compliance: readonly HostileCase[] = [
  ...methodsAndTargets,
  ...bodies,
  ...hosts,
  ...versions,
  ...lines,
  ...upgrades,
];

const cookie = (id: string, ...fields: readonly string[]): HostileCase => ({
  id,
  bytes: base(...fields),
  expected: forwarded(),
});

/** Category "Cookies": the gate knows none, and none may reach the registry. */
export const cookies: readonly HostileCase[] = [
  { id: 'COOK-CONTROL-CHARS', bytes: base('Cookie: a=\u0001\u0002\u0003'), expected: refused(400) },
  { id: 'COOK-NUL', bytes: base('Cookie: a=\u0000b'), expected: refused(400) },
  { id: 'COOK-OVERSIZED', bytes: base(`Cookie: a=${'x'.repeat(65_536)}`), expected: refused(400, 431) },
  cookie('COOK-ECHO', 'Cookie: foo=bar'),
  cookie('COOK-EMPTY', 'Cookie: '),
  cookie('COOK-MALFORMED', 'Cookie: ===;;;'),
  cookie('COOK-MANY-PAIRS', `Cookie: ${Array.from({ length: 1000 }, (_, at) => `k${at}=v`).join('; ')}`),
  cookie('COOK-MULTI-HEADER', 'Cookie: a=1', 'Cookie: b=2'),
  cookie('COOK-PARSED-BASIC', 'Cookie: foo=bar; '),
  cookie('COOK-PARSED-EMPTY-VAL', 'Cookie: foo='),
  cookie('COOK-PARSED-MULTI', 'Cookie: a=1; b=2; c=3'),
  cookie('COOK-PARSED-SPECIAL', 'Cookie: a=x y; b=c=d'),
];

const normal = (id: string, field: string): HostileCase => ({
  id,
  bytes: post(['Content-Length: 11', field], 'hello world'),
  expected: refused(400),
});

/** Category "Normalization": a field that some server would take for a framing field. */
export const normalization: readonly HostileCase[] = [
  normal('NORM-CASE-TE', 'TRANSFER-ENCODING: chunked'),
  normal('NORM-SP-BEFORE-COLON-CL', 'Content-Length : 5'),
  normal('NORM-TAB-IN-NAME', 'Content\tLength: 5'),
  { ...normal('NORM-UNDERSCORE-CL', 'Content_Length: 99'), expected: forwarded(UPLOADS, 'hello world') },
  {
    ...normal('NORM-UNDERSCORE-TE', 'Transfer_Encoding: chunked'),
    expected: forwarded(UPLOADS, 'hello world'),
  },
];

/** Of the 215 these are the registry's own business: conditional requests and answers pass as they are. */
export const notApplicable: readonly string[] = [
  'CAP-ETAG-304',
  'CAP-ETAG-IN-304',
  'CAP-ETAG-WEAK',
  'CAP-IMS-FUTURE',
  'CAP-IMS-INVALID',
  'CAP-INM-PRECEDENCE',
  'CAP-INM-UNQUOTED',
  'CAP-INM-WILDCARD',
  'CAP-LAST-MODIFIED-304',
];
