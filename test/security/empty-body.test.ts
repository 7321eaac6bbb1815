import { describe, expect, it } from 'vitest';
import { HOST, broken, denied, forwarded, forwardedLast, local, raw, refused } from './cases/hostile-case.ts';
import type { Expected, HostileCase } from './cases/hostile-case.ts';
import { complaintsAbout, runsOf, useCaseFixture } from './run-cases.ts';

const BLOB = `/v2/a/blobs/sha256:${'a'.repeat(64)}`;
const EMPTY = '0\r\n\r\n';

function chunked(
  id: string,
  line: string,
  body: string | readonly string[],
  expected: Expected,
): HostileCase {
  const [first = '', ...more] = typeof body === 'string' ? [body] : body;
  const head = raw(`${line} HTTP/1.1`, [HOST, 'Transfer-Encoding: chunked'], first);
  return { id, bytes: more.length === 0 ? head : [head, ...more], expected };
}

const HIDDEN = `GET /v2/hidden/tags/list HTTP/1.1\r\n${HOST}\r\n\r\n`;
const LAST = raw('GET /v2/hidden/tags/list HTTP/1.1', [HOST, 'Connection: close']);

/** Some proxies write a request without a body as one with an empty chunked body. */
const cases: readonly HostileCase[] = [
  chunked('a GET', `GET ${BLOB}`, EMPTY, forwarded(BLOB)),
  chunked('a HEAD', `HEAD ${BLOB}`, EMPTY, forwarded(BLOB)),
  chunked('a DELETE', `DELETE ${BLOB}`, EMPTY, forwarded(BLOB)),
  chunked('a DELETE of an upload', 'DELETE /v2/a/blobs/uploads/x', EMPTY, forwarded('/v2/a/blobs/uploads/x')),
  chunked('in pieces', `GET ${BLOB}`, ['', '0', '\r', '\n', '\r\n'], forwarded(BLOB)),
  chunked('with zeros', `GET ${BLOB}`, '000\r\n\r\n', forwarded(BLOB)),
  chunked('with an extension', `GET ${BLOB}`, '0;a=b\r\n\r\n', forwarded(BLOB)),
  chunked('with a trailer', `GET ${BLOB}`, '0\r\nHost: evil\r\n\r\n', forwarded(BLOB)),
  chunked('a page', 'GET /healthz', EMPTY, local(200)),
  chunked('a path that is none', 'GET /v2/Foo/x', EMPTY, denied(404)),
  {
    id: 'the last request of its connection',
    bytes: raw(`GET ${BLOB} HTTP/1.1`, [HOST, 'Connection: close', 'Transfer-Encoding: chunked'], EMPTY),
    expected: forwardedLast(BLOB),
  },
  {
    id: 'the next request after it',
    bytes: [raw(`GET ${BLOB} HTTP/1.1`, [HOST, 'Transfer-Encoding: chunked'], EMPTY), LAST].join(''),
    expected: {
      kind: 'sequence',
      answers: [200, 200],
      targets: [BLOB, '/v2/hidden/tags/list'],
      stranger: [401, 401],
    },
  },
  chunked('a body of a byte', `GET ${BLOB}`, `1\r\nx\r\n${EMPTY}`, refused(400)),
  chunked(
    'a request as the body',
    `GET ${BLOB}`,
    `${HIDDEN.length.toString(16)}\r\n${HIDDEN}\r\n${EMPTY}`,
    refused(400),
  ),
  chunked('a body of a byte in a DELETE', `DELETE ${BLOB}`, ['', `1\r\nx\r\n${EMPTY}`], refused(400)),
  chunked('a body of a byte for a page', 'GET /healthz', `1\r\nx\r\n${EMPTY}`, refused(400)),
  chunked('a size that is none', `GET ${BLOB}`, `-0\r\n\r\n`, refused(400)),
  {
    id: 'an end that does not come',
    bytes: raw(`GET ${BLOB} HTTP/1.1`, [HOST, 'Transfer-Encoding: chunked'], '0\r\n'),
    finish: true,
    expected: broken(0, 400),
  },
  {
    id: 'an expectation',
    bytes: raw(`GET ${BLOB} HTTP/1.1`, [HOST, 'Expect: 100-continue', 'Transfer-Encoding: chunked'], EMPTY),
    expected: refused(400),
  },
  {
    id: 'a length too',
    bytes: raw(`GET ${BLOB} HTTP/1.1`, [HOST, 'Content-Length: 0', 'Transfer-Encoding: chunked'], EMPTY),
    expected: refused(400),
  },
  {
    id: 'HTTP/1.0',
    bytes: raw(`GET ${BLOB} HTTP/1.0`, [HOST, 'Transfer-Encoding: chunked'], EMPTY),
    expected: refused(400),
  },
  chunked('OPTIONS', 'OPTIONS /v2/', EMPTY, refused(400)),
];

describe('C6: an empty chunked body where none is expected', () => {
  const fixture = useCaseFixture();

  it.each(runsOf(cases))('$title', async (run) => {
    expect(await complaintsAbout(fixture(), run)).toBe('');
  });
});

describe('C6: an empty body whose end does not come', () => {
  const fixture = useCaseFixture({ timeouts: { headerSeconds: 0.3 } });

  it('is waited for as long as a head', async () => {
    const text = raw(`GET ${BLOB} HTTP/1.1`, [HOST, 'Transfer-Encoding: chunked'], '0\r\n');
    const outcome = await fixture().send(text, {});
    expect(outcome.answers.map(({ status }) => status)).toEqual([408]);
    expect(await fixture().wire()).toEqual([]);
  });
});
