import {
  HOST,
  SMUGGLED,
  UPLOADS,
  base,
  broken,
  chunked,
  forwarded,
  get,
  post,
  raw,
  refused,
} from './hostile-case.ts';
import type { HostileCase } from './hostile-case.ts';

const HELLO = '5\r\nhello\r\n0\r\n\r\n';
const TE = 'Transfer-Encoding: chunked';
const NEXT = get('/v2/next/tags/list', 'Connection: close');

const chunk = (id: string, body: string): HostileCase => ({
  id,
  bytes: chunked(body),
  expected: broken(400),
});

/** A body that is chunked in a way that not every server reads alike. */
const chunks: readonly HostileCase[] = [
  chunk('SMUG-CHUNK-BARE-CR-TERM', '5\rhello\r\n0\r\n\r\n'),
  chunk('SMUG-CHUNK-BARE-SEMICOLON', '5;\r\nhello\r\n0\r\n\r\n'),
  chunk('SMUG-CHUNK-EXT-CR', '5;a\rb\r\nhello\r\n0\r\n\r\n'),
  chunk('SMUG-CHUNK-EXT-CTRL', '5;\u0000ext\r\nhello\r\n0\r\n\r\n'),
  chunk('SMUG-CHUNK-EXT-INVALID-TOKEN', '5;bad[=1\r\nhello\r\n0\r\n\r\n'),
  chunk('SMUG-CHUNK-EXT-LF', '5;\nhello\r\n0\r\n\r\n'),
  chunk('SMUG-CHUNK-HEX-PREFIX', '0x5\r\nhello\r\n0\r\n\r\n'),
  chunk('SMUG-CHUNK-INVALID-SIZE-DESYNC', `+0\r\n\r\nX${NEXT}`),
  chunk('SMUG-CHUNK-LEADING-SP', ' 5\r\nhello\r\n0\r\n\r\n'),
  chunk('SMUG-CHUNK-LF-TERM', '5\r\nhello\n0\r\n\r\n'),
  chunk('SMUG-CHUNK-LF-TRAILER', '5\r\nhello\r\n0\r\n\n'),
  chunk('SMUG-CHUNK-MISSING-TRAILING-CRLF', '5\r\nhello0\r\n\r\n'),
  chunk('SMUG-CHUNK-NEGATIVE', '-1\r\nhello\r\n0\r\n\r\n'),
  chunk('SMUG-CHUNK-SIZE-PLUS', '+5\r\nhello\r\n0\r\n\r\n'),
  chunk('SMUG-CHUNK-SIZE-TRAILING-OWS', '5 \r\nhello\r\n0\r\n\r\n'),
  chunk('SMUG-CHUNK-SPILL', '5\r\nhello!!\r\n0\r\n\r\n'),
  chunk('SMUG-CHUNK-UNDERSCORE', '1_0\r\nhello world 1234\r\n0\r\n\r\n'),
];

const length = (id: string, value: string, body = 'hello'): HostileCase => ({
  id,
  bytes: post([`Content-Length:${value}`], body),
  expected: refused(400),
});

const lengths: readonly HostileCase[] = [
  length('SMUG-CL-COMMA-DIFFERENT', ' 5, 10'),
  length('SMUG-CL-COMMA-SAME', ' 5, 5'),
  length('SMUG-CL-COMMA-TRIPLE', ' 5, 5, 5'),
  length('SMUG-CL-DOUBLE-ZERO', ' 00', ''),
  length('SMUG-CL-HEX-PREFIX', ' 0x5'),
  length('SMUG-CL-INTERNAL-SPACE', ' 1 0'),
  length('SMUG-CL-LEADING-ZEROS', ' 005'),
  length('SMUG-CL-LEADING-ZEROS-OCTAL', ' 0200', 'x'.repeat(200)),
  length('SMUG-CL-NEGATIVE', ' -1'),
  length('SMUG-CL-NEGATIVE-ZERO', ' -0', ''),
  length('SMUG-CL-OCTAL', ' 0o5'),
  length('SMUG-CL-UNDERSCORE', ' 1_0', 'helloworld'),
  { ...length('SMUG-CL-EXTRA-LEADING-SP', '  5'), expected: forwarded(UPLOADS, 'hello') },
  { ...length('SMUG-CL-TRAILING-SPACE', ' 5 '), expected: forwarded(UPLOADS, 'hello') },
  {
    id: 'SMUG-DUPLICATE-CL',
    bytes: post(['Content-Length: 5', 'Content-Length: 10'], 'helloworld'),
    expected: refused(400),
  },
  {
    id: 'SMUG-DUPLICATE-CL-SMUGGLED-GET',
    bytes: post(['Content-Length: 4', 'Content-Length: 49'], `PING${SMUGGLED}`),
    expected: refused(400),
  },
];

const both = (id: string, fields: readonly string[], body = HELLO): HostileCase => ({
  id,
  bytes: post(fields, body),
  expected: refused(400),
});

const smuggledGet = (id: string, ...fields: readonly string[]): HostileCase =>
  both(id, ['Content-Length: 45', ...fields], `0\r\n\r\n${SMUGGLED}`);

/** Content-Length and Transfer-Encoding together: a server that believes the other one sees another request. */
const lengthAndEncoding: readonly HostileCase[] = [
  both('SMUG-CL-TE-BOTH', ['Content-Length: 5', TE]),
  both('SMUG-CLTE-CONN-CLOSE', ['Content-Length: 15', TE, 'Connection: keep-alive'], `${HELLO}${NEXT}`),
  both('SMUG-CLTE-DESYNC', ['Content-Length: 6', TE], `0\r\n\r\nX${NEXT}`),
  both('SMUG-CLTE-PIPELINE', ['Content-Length: 4', TE], '0\r\n\r\n'),
  smuggledGet('SMUG-CLTE-SMUGGLED-GET', TE),
  both('SMUG-CLTE-SMUGGLED-GET-CL-NON-NUMERIC', ['Content-Length: N', TE], `0\r\n\r\n${SMUGGLED}`),
  both('SMUG-CLTE-SMUGGLED-GET-CL-PLUS', ['Content-Length: +45', TE], `0\r\n\r\n${SMUGGLED}`),
  smuggledGet('SMUG-CLTE-SMUGGLED-GET-TE-CASE-MISMATCH', 'Transfer-Encoding: Chunked'),
  smuggledGet('SMUG-CLTE-SMUGGLED-GET-TE-LEADING-COMMA', 'Transfer-Encoding: , chunked'),
  smuggledGet('SMUG-CLTE-SMUGGLED-GET-TE-OBS-FOLD', 'Transfer-Encoding:', ' chunked'),
  smuggledGet('SMUG-CLTE-SMUGGLED-GET-TE-TRAILING-SPACE', 'Transfer-Encoding: chunked '),
  both('SMUG-CLTE-SMUGGLED-HEAD', ['Content-Length: 46', TE], `0\r\n\r\n${SMUGGLED.replace('GET', 'HEAD')}`),
  both('SMUG-TECL-CONN-CLOSE', [TE, 'Content-Length: 5', 'Connection: keep-alive'], `${HELLO}${NEXT}`),
  both('SMUG-TECL-DESYNC', [TE, 'Content-Length: 30'], `0\r\n\r\nX${NEXT}`),
  both('SMUG-TECL-PIPELINE', [TE, 'Content-Length: 15'], HELLO),
  both('SMUG-TECL-SMUGGLED-GET', [TE, 'Content-Length: 4'], `2b\r\n${SMUGGLED}\r\n0\r\n\r\n`),
];

const encoding = (id: string, value: string): HostileCase => ({
  ...both(id, ['Content-Length: 5', `Transfer-Encoding:${value}`]),
  expected: refused(400, 501),
});

const encodings: readonly HostileCase[] = [
  encoding('SMUG-TE-CASE-MISMATCH', ' Chunked'),
  encoding('SMUG-TE-DOUBLE-CHUNKED', ' chunked, chunked'),
  encoding('SMUG-TE-EMPTY-VALUE', ' '),
  encoding('SMUG-TE-FORMFEED', ' \fchunked'),
  encoding('SMUG-TE-IDENTITY', ' identity'),
  encoding('SMUG-TE-LEADING-COMMA', ' , chunked'),
  encoding('SMUG-TE-NOT-FINAL-CHUNKED', ' chunked, gzip'),
  encoding('SMUG-TE-NULL', ' chunked\u0000'),
  encoding('SMUG-TE-OBS-FOLD', '\r\n chunked'),
  encoding('SMUG-TE-TAB-BEFORE-VALUE', '\tchunked'),
  encoding('SMUG-TE-TRAILING-COMMA', ' chunked,'),
  encoding('SMUG-TE-TRAILING-SPACE', ' chunked '),
  encoding('SMUG-TE-VTAB', ' \vchunked'),
  encoding('SMUG-TE-XCHUNKED', ' xchunked'),
  {
    id: 'SMUG-CHUNKED-WITH-PARAMS',
    bytes: post(['Transfer-Encoding: chunked;ext=val'], HELLO),
    expected: refused(400, 501),
  },
  both('SMUG-TE-DUPLICATE-HEADERS', ['Content-Length: 5', TE, 'Transfer-Encoding: identity']),
  both(
    'SMUG-TE-DUPLICATE-HEADERS-SMUGGLED-GET',
    [TE, 'Transfer-Encoding: identity', 'Content-Length: 45'],
    `0\r\n\r\n${SMUGGLED}`,
  ),
  {
    id: 'SMUG-TE-SP-BEFORE-COLON',
    bytes: post(['Content-Length: 5', 'Transfer-Encoding : chunked'], HELLO),
    expected: refused(400),
  },
  {
    id: 'SMUG-TE-HTTP10',
    bytes: raw(`POST ${UPLOADS} HTTP/1.0`, [HOST, 'Content-Length: 5', TE], HELLO),
    expected: refused(400),
  },
  {
    id: 'SMUG-TRANSFER_ENCODING',
    bytes: post(['Transfer_Encoding: chunked', 'Content-Length: 5'], 'hello'),
    expected: forwarded(UPLOADS, 'hello'),
  },
];

const trailer = (id: string, field: string): HostileCase => ({
  id,
  bytes: chunked(`5\r\nhello\r\n0\r\n${field}\r\n\r\n`),
  expected: forwarded(UPLOADS, 'hello'),
});

const trailers: readonly HostileCase[] = [
  trailer('SMUG-TRAILER-AUTH', 'Authorization: Bearer evil'),
  { ...trailer('SMUG-TRAILER-CL', 'Content-Length: 50'), expected: broken(400) },
  trailer('SMUG-TRAILER-CONTENT-TYPE', 'Content-Type: text/evil'),
  trailer('SMUG-TRAILER-HOST', 'Host: evil.example.com'),
  { ...trailer('SMUG-TRAILER-TE', 'Transfer-Encoding: chunked'), expected: broken(400) },
];

const desync: readonly HostileCase[] = [
  { id: 'SMUG-ABSOLUTE-URI-HOST-MISMATCH', bytes: get('http://other.example/v2/'), expected: refused(400) },
  { id: 'SMUG-BARE-CR-HEADER-VALUE', bytes: base('X-Test: val\rue'), expected: refused(400) },
  {
    id: 'SMUG-CL0-BODY-POISON',
    bytes: `${post(['Content-Length: 0'])}X${NEXT}`,
    expected: { kind: 'sequence', answers: [200], targets: [UPLOADS], stranger: [401] },
  },
  {
    id: 'SMUG-EXPECT-100-CL',
    bytes: post(['Expect: 100-continue', 'Content-Length: 5'], 'hello'),
    expected: forwarded(UPLOADS, 'hello'),
  },
  {
    id: 'SMUG-EXPECT-100-CL-DESYNC',
    bytes: `${post(['Expect: 100-continue', 'Content-Length: 5'], 'hello')}${NEXT}`,
    expected: {
      kind: 'sequence',
      answers: [200, 200],
      targets: [UPLOADS, '/v2/next/tags/list'],
      stranger: [401],
    },
  },
  {
    id: 'SMUG-GET-CL-BODY-DESYNC',
    bytes: `${base('Content-Length: 5')}hello${NEXT}`,
    expected: refused(400),
  },
  {
    id: 'SMUG-GET-CL-PREFIX-DESYNC',
    bytes: [base('Content-Length: 40'), SMUGGLED, NEXT],
    expected: refused(400),
  },
  {
    id: 'SMUG-HEAD-CL-BODY',
    bytes: raw('HEAD /v2/ HTTP/1.1', [HOST, 'Content-Length: 5'], 'hello'),
    expected: refused(400),
  },
  {
    id: 'SMUG-MULTIPLE-HOST-COMMA',
    bytes: raw('GET /v2/ HTTP/1.1', ['Host: localhost, evil.example']),
    expected: refused(400),
  },
  {
    id: 'SMUG-OPTIONS-CL-BODY',
    bytes: raw('OPTIONS /v2/ HTTP/1.1', [HOST, 'Content-Length: 5'], 'hello'),
    expected: refused(400),
  },
  {
    id: 'SMUG-OPTIONS-CL-BODY-DESYNC',
    bytes: `${raw('OPTIONS /v2/ HTTP/1.1', [HOST, 'Content-Length: 5'], 'hello')}${NEXT}`,
    expected: refused(400),
  },
  {
    id: 'SMUG-OPTIONS-TE-OBS-FOLD',
    bytes: `${raw('OPTIONS /v2/ HTTP/1.1', [HOST, 'Transfer-Encoding:', ' chunked', 'Content-Length: 5'], 'hello')}${NEXT}`,
    expected: refused(400),
  },
  {
    id: 'SMUG-PIPELINE-SAFE',
    bytes: `${base()}${NEXT}`,
    expected: {
      kind: 'sequence',
      answers: [200, 200],
      targets: ['/v2/', '/v2/next/tags/list'],
      stranger: [401, 401],
    },
  },
];

/** Category "Smuggling" of Http11Probe. */
export const smuggling: readonly HostileCase[] = [
  ...chunks,
  ...lengths,
  ...lengthAndEncoding,
  ...encodings,
  ...trailers,
  ...desync,
];
