import {
  HOST,
  SMUGGLED,
  UPLOADS,
  base,
  broken,
  chunked,
  forwarded,
  forwardedLast,
  post,
  raw,
  refused,
} from './hostile-case.ts';
import type { HostileCase } from './hostile-case.ts';

const HELLO = '5\r\nhello\r\n0\r\n\r\n';

const length = (value: string): HostileCase => ({
  id: `Content-Length: ${value}`,
  bytes: post([`Content-Length: ${value}`], `hello${SMUGGLED}`),
  expected: refused(400),
});

/** RFC 9112 section 6.3: a length that some server reads as another number. */
export const lengths: readonly HostileCase[] = [
  '5, 5',
  '5,5',
  '5, 6',
  '+5',
  '-0',
  '-5',
  '0x5',
  '0o5',
  '0b101',
  '1_0',
  '1 0',
  '',
  '00',
  '005',
  '5;',
  '5.0',
  '5e0',
  '"5"',
  '5\u00a0',
  '\u0665',
  '9007199254740993',
  '18446744073709551621',
  '1'.repeat(200),
  'NaN',
].map(length);

const encoding = (value: string): HostileCase => ({
  id: `Transfer-Encoding: ${JSON.stringify(value)}`,
  bytes: post([`Transfer-Encoding: ${value}`], `${HELLO}${SMUGGLED}`),
  expected: refused(400, 501),
});

/** Section 6.1: whatever is not the one word `chunked`. */
export const encodings: readonly HostileCase[] = [
  'gzip, chunked',
  ', chunked',
  'chunked,',
  'identity, chunked',
  'chunked, identity',
  'chunked, chunked',

  'chunked;x',
  'chunked;q=1',
  '"chunked"',
  "'chunked'",
  '\vchunked',
  '\fchunked',
  'chunked\u0000',
  'xchunked',

  'chunkedx',
  'chu nked',
  'identity',
  'gzip',
  '',
  'chunked\r\n ',
  'chunked\u00a0',
  '(chunked)',
  'trailers',
].map(encoding);

const fields = (id: string, ...given: readonly string[]): HostileCase => ({
  id,
  bytes: post(given, `${HELLO}${SMUGGLED}`),
  expected: refused(400),
});

export const cluster: readonly HostileCase[] = [
  fields('Content-Length and chunked', 'Content-Length: 5', 'Transfer-Encoding: chunked'),
  fields('chunked and Content-Length', 'Transfer-Encoding: chunked', 'Content-Length: 5'),
  fields('two equal lengths', 'Content-Length: 5', 'Content-Length: 5'),
  fields('two lengths', 'Content-Length: 5', 'Content-Length: 6'),
  fields('chunked twice', 'Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'),
  fields('chunked and identity', 'Transfer-Encoding: chunked', 'Transfer-Encoding: identity'),
  fields('an empty encoding and a length', 'Transfer-Encoding: ', 'Content-Length: 5'),
  fields('a length and an empty encoding', 'Content-Length: 5', 'Transfer-Encoding: '),
  fields('a folded encoding', 'Transfer-Encoding:', ' chunked'),
  fields('an encoding on a folded line', 'X-Any: 1', ' Transfer-Encoding: chunked'),
  {
    id: 'Chunked with a capital',
    bytes: post(['Transfer-Encoding: Chunked'], HELLO),
    expected: forwarded(UPLOADS, 'hello'),
  },
];

const version = (id: string, bytes: string, ...statuses: readonly number[]): HostileCase => ({
  id,
  bytes,
  expected: refused(...statuses),
});

/** The version decides how a body is framed: only 1.1, and 1.0 without a body in chunks. */
export const versions: readonly HostileCase[] = [
  version(
    'HTTP/1.0 in chunks',
    raw(`POST ${UPLOADS} HTTP/1.0`, [HOST, 'Transfer-Encoding: chunked'], HELLO),
    400,
  ),
  version('HTTP/1.0 without Host', raw('GET /v2/ HTTP/1.0', []), 400),
  version('HTTP/2.0', raw('GET /v2/ HTTP/2.0', [HOST]), 400, 505),
  version('HTTP/0.9 with a version', raw('GET /v2/ HTTP/0.9', [HOST]), 400, 505),
  version('HTTP/1.10', raw('GET /v2/ HTTP/1.10', [HOST]), 400),
  version('HTTP/3', raw('GET /v2/ HTTP/3', [HOST]), 400),
  version('HTTPS/1.1', raw('GET /v2/ HTTPS/1.1', [HOST]), 400),
  version('SOURCE by ICE', raw('SOURCE /v2/ ICE/1.0', [HOST]), 400, 405),
  version('DESCRIBE by RTSP', raw('DESCRIBE /v2/ RTSP/1.0', [HOST]), 400, 405),
  {
    // Node knows it for HTTP/1.0 and does not tell; what goes on is HTTP/1.1 of our own.
    id: 'a GET by RTSP',
    bytes: raw('GET /v2/ RTSP/1.0', [HOST]),
    expected: forwardedLast(),
  },
  version('the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400, 505),
  version(
    'a TLS hello inside TLS',
    '\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003\r\n\r\n',
    400,
  ),
];

const chunks = (id: string, body: string, ...statuses: readonly number[]): HostileCase => ({
  id,
  bytes: chunked(`${body}${SMUGGLED}`),
  expected: broken(...(statuses.length === 0 ? [400] : statuses)),
});

/** Section 7.1: a chunk that not every server ends at the same byte. */
export const brokenChunks: readonly HostileCase[] = [
  chunks('+5', '+5\r\nhello\r\n0\r\n\r\n'),
  chunks('a space before the size', ' 5\r\nhello\r\n0\r\n\r\n'),
  chunks('a tab before the size', '\t5\r\nhello\r\n0\r\n\r\n'),
  chunks('a space after the size', '5 \r\nhello\r\n0\r\n\r\n'),
  chunks('0x5', '0x5\r\nhello\r\n0\r\n\r\n'),
  chunks('1_0', '1_0\r\nhello world 1234\r\n0\r\n\r\n'),
  chunks('-1', '-1\r\nhello\r\n0\r\n\r\n'),
  chunks('no size', '\r\nhello\r\n0\r\n\r\n'),
  chunks('17 hexadecimal digits', 'FFFFFFFFFFFFFFFF5\r\nhello\r\n0\r\n\r\n'),
  chunks('17 digits that overflow to five', '10000000000000005\r\nhello\r\n0\r\n\r\n'),
  chunks('g', 'g\r\nhello\r\n0\r\n\r\n'),
  chunks('a bare LF after the size', '5\nhello\r\n0\r\n\r\n'),
  chunks('a bare CR after the size', '5\rhello\r\n0\r\n\r\n'),
  chunks('a bare LF after the data', '5\r\nhello\n0\r\n\r\n'),
  chunks('a bare LF in an extension', '5;\nhello\r\n0\r\n\r\n'),
  chunks('a bare CR in an extension', '5;a\rb\r\nhello\r\n0\r\n\r\n'),
  chunks('NUL in an extension', '5;\u0000\r\nhello\r\n0\r\n\r\n'),
  chunks('a semicolon and nothing', '5;\r\nhello\r\n0\r\n\r\n'),
  chunks('a quoted extension that does not end', '5;a="b\r\nhello\r\n0\r\n\r\n'),
  chunks('two bytes more than said', '5\r\nhello!!\r\n0\r\n\r\n'),
  chunks('two bytes less than said', '5\r\nhel\r\n0\r\n\r\n'),
  chunks('no CRLF after the data', '5\r\nhello0\r\n\r\n'),
  chunks('an extension of 64 KiB', `5;a=${'x'.repeat(65_536)}\r\nhello\r\n0\r\n\r\n`, 400, 413),
  chunks('many extensions', `5${';a=b'.repeat(16_384)}\r\nhello\r\n0\r\n\r\n`, 400, 413),
  chunks('a bare LF at the end', '5\r\nhello\r\n0\r\n\n'),
];

const line = (id: string, field: string): HostileCase => ({ id, bytes: base(field), expected: refused(400) });
const bytes = (id: string, text: string): HostileCase => ({ id, bytes: text, expected: refused(400) });

/** Sections 2.2 and 5: lines and fields that some server puts together otherwise. */
export const brokenLines: readonly HostileCase[] = [
  line('a bare LF between fields', 'X-One: 1\nX-Two: 2'),
  line('a bare CR between fields', 'X-One: 1\rX-Two: 2'),
  line('CR LF CR and more', 'X-One: 1\r\n\rX: 2'),
  line('a space before the colon', 'X-One : 1'),
  line('a tab before the colon', 'X-One\t: 1'),
  line('no name', ': 1'),
  line('no colon', 'X-One'),
  line('a bracket in the name', 'X[One]: 1'),
  line('a NUL in the name', 'X\u0000One: 1'),
  line('a quote in the name', 'X"One: 1'),
  line('a space in the name', 'X One: 1'),
  line('a NUL in the value', 'X-One: a\u0000b'),
  line('ESC in the value', 'X-One: a\u001bb'),
  line('DEL in the value', 'X-One: a\u007fb'),
  line('a folded line', 'X-One: 1\r\n  2'),
  line('a line folded by a tab', 'X-One: 1\r\n\t2'),
  line('a folded Host', 'X-One: 1\r\n Host: evil'),
  bytes('a space first', 'GET /v2/ HTTP/1.1\r\n Host: localhost\r\n@AUTH@\r\n'),
  bytes('bare LF alone', 'GET /v2/ HTTP/1.1\nHost: localhost\n@AUTH@\n'),
  bytes('bare CR alone', 'GET /v2/ HTTP/1.1\rHost: localhost\r\r'),
  bytes('LF CR for CR LF', 'GET /v2/ HTTP/1.1\n\rHost: localhost\n\r@AUTH@\n\r'),
  bytes('a head that ends by CR LF CR', 'GET /v2/ HTTP/1.1\r\n@AUTH@Host: localhost\r\n\rX\r\n\r\n'),
  bytes('NUL first', '\u0000GET /v2/ HTTP/1.1\r\nHost: localhost\r\n@AUTH@\r\n'),
  bytes('a space before the method', ' GET /v2/ HTTP/1.1\r\nHost: localhost\r\n@AUTH@\r\n'),
  bytes('a byte order mark', '\u00ef\u00bb\u00bfGET /v2/ HTTP/1.1\r\nHost: localhost\r\n@AUTH@\r\n'),
  bytes('a colon in the method', 'GET: /v2/ HTTP/1.1\r\nHost: localhost\r\n@AUTH@\r\n'),
];

const bodied = (method: string, ...given: readonly string[]): HostileCase => ({
  id: `${method} with ${given.join()}`,
  bytes: raw(`${method} /v2/ HTTP/1.1`, [HOST, ...given], `${HELLO}${SMUGGLED}`),
  expected: refused(400),
});

/** A body where no server expects one is the beginning of the next request for some of them. */
export const bodiesWhereNoneBelong: readonly HostileCase[] = ['GET', 'HEAD', 'DELETE', 'OPTIONS'].flatMap(
  (method) => [bodied(method, 'Content-Length: 5'), bodied(method, 'Transfer-Encoding: chunked')],
);
