import {
  HOST,
  UPLOADS,
  base,
  broken,
  chunked,
  closed,
  forwarded,
  get,
  post,
  raw,
  refused,
} from './hostile-case.ts';
import type { HostileCase } from './hostile-case.ts';

const controls = Array.from({ length: 32 }, (_, code) => String.fromCharCode(code))
  .filter((character) => !'\0\t\n\r'.includes(character))
  .join('');

/** Category "Malformed Input" of Http11Probe. */
export const malformed: readonly HostileCase[] = [
  {
    id: 'MAL-BINARY-GARBAGE',
    bytes: '\u0080\u00ff\u0000\u0001\u0002\u0016\u0003PNG\u001a\r\n\r\n',
    expected: refused(400),
  },
  {
    id: 'MAL-CHUNK-EXT-64K',
    bytes: chunked(`5;a=${'x'.repeat(65_536)}\r\nhello\r\n0\r\n\r\n`),
    expected: broken(400, 413),
  },
  {
    id: 'MAL-CHUNK-SIZE-OVERFLOW',
    bytes: chunked('FFFFFFFFFFFFFFFF0\r\nhello\r\n0\r\n\r\n'),
    expected: broken(400),
  },
  { id: 'MAL-CL-EMPTY', bytes: post(['Content-Length: '], 'hello'), expected: refused(400) },
  {
    id: 'MAL-CL-OVERFLOW',
    bytes: post(['Content-Length: 99999999999999999999'], 'hello'),
    expected: refused(400),
  },
  {
    id: 'MAL-CL-TAB-BEFORE-VALUE',
    bytes: post(['Content-Length:\t5'], 'hello'),
    expected: forwarded(UPLOADS, 'hello'),
  },
  { id: 'MAL-CONTROL-CHARS-HEADER', bytes: base(`X-Odd: ${controls}`), expected: refused(400) },
  { id: 'MAL-EMPTY-REQUEST', bytes: '', finish: true, expected: closed },
  { id: 'MAL-H2-PREFACE', bytes: 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', expected: refused(400, 505) },
  {
    id: 'MAL-INCOMPLETE-REQUEST',
    bytes: `GET /v2/ HTTP/1.1\r\n@AUTH@${HOST}\r\n`,
    finish: true,
    expected: closed,
  },
  { id: 'MAL-LONG-HEADER-NAME', bytes: base(`${'X'.repeat(102_400)}: 1`), expected: refused(400, 431) },
  { id: 'MAL-LONG-HEADER-VALUE', bytes: base(`X-Long: ${'x'.repeat(102_400)}`), expected: refused(400, 431) },
  {
    id: 'MAL-LONG-METHOD',
    bytes: raw(`${'A'.repeat(102_400)} /v2/ HTTP/1.1`, [HOST]),
    expected: refused(400),
  },
  { id: 'MAL-LONG-URL', bytes: get(`/v2/${'a'.repeat(102_400)}`), expected: refused(400, 414, 431) },
  {
    id: 'MAL-MANY-HEADERS',
    bytes: base(...Array.from({ length: 10_000 }, (_, at) => `X-H-${at}: v`)),
    expected: refused(400, 431),
  },
  { id: 'MAL-NON-ASCII-HEADER-NAME', bytes: base('X-\u00e4\u00ff: 1'), expected: refused(400) },
  { id: 'MAL-NON-ASCII-URL', bytes: get('/v2/\u00e4\u00ff/tags/list'), expected: refused(400) },
  { id: 'MAL-NUL-IN-HEADER-VALUE', bytes: base('X-Nul: a\u0000b'), expected: refused(400) },
  { id: 'MAL-NUL-IN-URL', bytes: get('/v2/\u0000/tags/list'), expected: refused(400) },
  { id: 'MAL-POST-CL-HUGE-NO-BODY', bytes: post(['Content-Length: 999999999']), expected: broken(408) },
  {
    id: 'MAL-RANGE-OVERLAPPING',
    bytes: base(`Range: bytes=${Array.from({ length: 1000 }, () => '0-').join()}`),
    expected: forwarded(),
  },
  { id: 'MAL-URL-BACKSLASH', bytes: get('/v2\\_catalog'), expected: refused(400) },
  { id: 'MAL-URL-OVERLONG-UTF8', bytes: get('/v2/a\u00c0\u00af_catalog'), expected: refused(400) },
  { id: 'MAL-URL-PERCENT-CRLF', bytes: get('/v2/%0d%0aX-Injected:%20true'), expected: refused(400) },
  { id: 'MAL-URL-PERCENT-NULL', bytes: get('/v2/%00/tags/list'), expected: refused(400) },
  { id: 'MAL-WHITESPACE-ONLY-LINE', bytes: '   \t \r\n\r\n', expected: refused(400) },
];
