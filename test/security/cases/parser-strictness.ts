import { HOST, UPLOADS, broken, closed, forwardedLast, refused, type HostileCase } from './hostile-case.ts';

/**
 * What the parser of Node, llhttp, refuses unless it is told to be lenient, by its kinds of lenience: the gate is never
 * more lenient than that. Each as a request to the registry with credentials, so that the form alone can refuse it.
 */

const HIDDEN = 'GET /v2/smuggled/tags/list HTTP/1.1\r\nHost: localhost\r\n\r\n';

const get = (fields: string): string => `GET /v2/ HTTP/1.1\r\n@AUTH@${HOST}\r\n${fields}\r\n\r\n`;
const post = (fields: string, body = ''): string =>
  `POST ${UPLOADS} HTTP/1.1\r\n@AUTH@${HOST}\r\n${fields}\r\n\r\n${body}`;
const chunks = (body: string): string => post('Transfer-Encoding: chunked', body);

const closing = (id: string, bytes: string): HostileCase => ({ id, bytes, expected: closed });

/** Lenient "headers", "optional CR before LF", "optional LF after CR", "header value relaxed". */
export const lenientHeaders: readonly HostileCase[] = [
  closing('a field ended by CR', get('Foo: 1\rBar: 2')),
  closing(
    'an empty field ended by CR',
    post('x:\rTransfer-Encoding: chunked', `1\r\nA\r\n0\r\n\r\n${HIDDEN}`),
  ),
  closing('a field ended by LF', post('x:x\nTransfer-Encoding: chunked', `1\r\nA\r\n0\r\n\r\n${HIDDEN}`)),
  closing(
    'an empty field ended by LF',
    post('x:\nTransfer-Encoding: chunked', `1\r\nA\r\n0\r\n\r\n${HIDDEN}`),
  ),
  closing('a length behind a bare LF', get(`Dummy: x\nContent-Length: ${HIDDEN.length}`) + HIDDEN),
  closing('the end of the head, CR and a letter', `GET /v2/ HTTP/1.1\r\n@AUTH@${HOST}\r\n\rZ${HIDDEN}`),
  closing('the end of the head, CR and a request', `GET /v2/ HTTP/1.1\r\n@AUTH@${HOST}\r\n\r${HIDDEN}`),
  closing('LF alone, everywhere', get('Foo: x').replaceAll('\r\n', '\n')),
  closing('a version ended by LF', `GET /v2/ HTTP/1.1\n@AUTH@${HOST}\r\n\r\n`),
  closing('a version ended by CR', `GET /v2/ HTTP/1.1\r@AUTH@${HOST}\r\n\r\n`),
  closing('a control in a value', get('Foo: a\u0001b')),
  closing('a delete in a value', get('Foo: a\u007fb')),
  closing('a NUL in a value', get('Foo: a\0b')),
  closing('a NUL in a name', get('Fo\0o: b')),
  closing('an at sign in a name', get('Fo@: b')),
  closing('a control in a name', get('Foo\u0001test: b')),
  closing('a name with CR and more', get('X-Some-Header\r\u001b5\u00d5eep-Alive')),
  closing('Connection, torn', get('Connection\r\u001b5\u00d5eep-Alive\r\nAccept-Encoding: gzip')),
  closing('no name', get(': b')),
  closing('a line of blanks', get(' \t')),
  closing('a blank before the first field', `GET /v2/ HTTP/1.1\r\n Foo: b\r\n@AUTH@${HOST}\r\n\r\n`),
  closing('a name, and its value on the next line', get('name\r\n : value')),
  closing('a folded length', post(`Foo: bar\r\n Content-Length: ${HIDDEN.length}`, HIDDEN)),
  closing('a folded encoding', post('Transfer-Encoding: chunked\r\n abc', '5\r\nhello\r\n0\r\n\r\n')),
  closing('a blank before the colon of a length', post('Content-Length : 5', 'hello')),
  closing('a tab before the colon of an encoding', post('Transfer-Encoding\t: chunked', '0\r\n\r\n')),
];

/** Lenient "version", and methods that are none or of another protocol. */
const VERSIONS =
  'HTTP/5.6|HTTP/1.2|HTTP/1|HTTP/1.|HTTP/.1|HTTP/11|HTTP/01.1|http/1.1|IHTTP/1.0|ICE/1.0|HTTPS/1.1|HTTP\\1.1|HTTP/1.1 |HTTP/1,1|HTTP/\u0661.1';

export const lenientLines: readonly HostileCase[] = VERSIONS.split('|').map((version) =>
  closing(`the version ${version}`, `GET /v2/ ${version}\r\n@AUTH@${HOST}\r\n\r\n`),
);

const METHODS = 'MKCOLA|get|GeT|GET\t|G\0ET|ANNOUNCE|DESCRIBE|PLAY|GET,|"GET"|';

export const foreignMethods: readonly HostileCase[] = METHODS.split('|').map((method) =>
  closing(`the method ${JSON.stringify(method)}`, `${method} /v2/ HTTP/1.1\r\n@AUTH@${HOST}\r\n\r\n`),
);

/**
 * llhttp takes the methods that HTTP and RTSP have in common under either name, and does not tell which it was. What goes
 * on to the backend is a request of HTTP/1.1, which the gate has written itself.
 */
export const sharedMethods: readonly HostileCase[] = [
  {
    id: 'GET under the name of RTSP',
    bytes: `GET /v2/ RTSP/1.0\r\n@AUTH@${HOST}\r\n\r\n`,
    expected: forwardedLast('/v2/'),
  },
];

/** Lenient "chunked length", "transfer encoding", "keep alive". */
export const lenientLengths: readonly HostileCase[] = [
  closing('an empty encoding, and a length', post('Transfer-Encoding:\r\nContent-Length: 5', 'hello')),
  closing(
    'a length, and three empty encodings',
    post(
      'Content-Length: 10\r\nTransfer-Encoding:\r\nTransfer-Encoding:\r\nTransfer-Encoding:',
      '2\r\nAA\r\n0\r\n',
    ),
  ),
  closing('identity, and a length', post('Transfer-Encoding: identity\r\nContent-Length: 5', 'World')),
  closing(
    'chunked, and a length',
    post('Transfer-Encoding: chunked\r\nContent-Length: 5', '5\r\nhello\r\n0\r\n\r\n'),
  ),
  closing(
    'a length, and chunked',
    post('Content-Length: 5\r\nTransfer-Encoding: chunked', '5\r\nhello\r\n0\r\n\r\n'),
  ),
  closing('two equal lengths', post('Content-Length: 1\r\nContent-Length: 1', 'a')),
  closing('a length with a blank in it', post('Content-Length: 4 2', 'x'.repeat(42))),
  closing('a length with a letter behind it', post('Content-Length: 5a', 'hello')),
  closing('a length past 64 bits', post('Content-Length: 1000000000000000000000', 'hello')),
  closing('an encoding that is no word of ours', post('Transfer-Encoding: pigeons', HIDDEN)),
  closing('chunked, but not last', post('Transfer-Encoding: chunked, deflate', '5\r\nhello\r\n0\r\n\r\n')),
  closing(
    'chunked in two fields, not last',
    post('Transfer-Encoding: chunked\r\nTransfer-Encoding: deflate', '5\r\nhello\r\n0\r\n\r\n'),
  ),
  closing('chunkedchunked', post('Transfer-Encoding: chunkedchunked', '5\r\nhello\r\n0\r\n\r\n')),
  closing('chunked with a quote', post('Transfer-Encoding: "chunked"', '5\r\nhello\r\n0\r\n\r\n')),
].map((it) => ({
  ...it,
  expected: it.id === 'an encoding that is no word of ours' ? refused(400, 501) : it.expected,
}));

/** Lenient "optional CRLF after chunk", "spaces after chunk size". */
export const lenientChunks: readonly HostileCase[] = [
  ['no semicolon before an extension', '2 erfrferferf\r\naa\r\n0 rrrr\r\n\r\n'],
  ['no extension behind the semicolon', '2;\r\naa\r\n0\r\n\r\n'],
  ['an extension whose quotes are open', '5;ilovew3="abc";somuchlove="def; ghi\r\nhello\r\n0\r\n\r\n'],
  ['an extension ended by LF', '5;a\nhello\r\n0\r\n\r\n'],
  ['an extension with a control', '5;a\u0001=b\r\nhello\r\n0\r\n\r\n'],
  ['a value of an extension with CR', '5;a=b\rc\r\nhello\r\n0\r\n\r\n'],
  ['a size ended by CR and a letter', '5\rahello\r\n0\r\n\r\n'],
  ['a size with a blank behind it', '5 \r\nhello\r\n0\r\n\r\n'],
  ['a size with a tab behind it', '5\t\r\nhello\r\n0\r\n\r\n'],
  ['a size that overflows', 'FFFFFFFFFFFFFFFFF\r\nhello\r\n0\r\n\r\n'],
  ['a size that is no number', 'z\r\nhello\r\n0\r\n\r\n'],
  ['no size', '\r\nhello\r\n0\r\n\r\n'],
  ['no CRLF behind the data', '5\r\nhello0\r\n\r\n'],
  ['CR alone behind the data', '5\r\nhello\r0\r\n\r\n'],
  ['LF alone behind the data', '5\r\nhello\n0\r\n\r\n'],
  ['more data than the size', '4\r\nhello\r\n0\r\n\r\n'],
].map(([id = '', body = '']): HostileCase => ({
  id,
  bytes: chunks(`${body}${HIDDEN}`),
  expected: broken(400, 413),
}));
