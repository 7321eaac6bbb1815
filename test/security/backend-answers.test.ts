import { describe, expect, it } from 'vitest';
import { until } from '../support/programs.ts';
import { ok } from '../support/recording-backend.ts';
import type { RawAnswer } from '../support/raw-client.ts';
import { UPLOADS, get, post, raw } from './cases/hostile-case.ts';
import { useCaseFixture } from './run-cases.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;
const BLOB = `/v2/a/blobs/${DIGEST}`;
const CLOSE = 'Connection: close';
const LENGTH = 'Content-Length: 2\r\n\r\n{}';

describe('what a backend answers', () => {
  const fixture = useCaseFixture();

  /** The answer of the gate where the backend answers these bytes to the request. */
  const through = async (bytes: string, request = get('/v2/', CLOSE)): Promise<RawAnswer | undefined> => {
    fixture().backend.script({ onRequest: (socket) => socket.write(bytes, 'latin1') });
    const outcome = await fixture().send(request, { methods: [request.split(' ', 1)[0] ?? ''] });
    fixture().backend.script({});
    await fixture().wire();
    expect(outcome.rest).toBe('');
    expect(outcome.interim).toEqual([]);
    return outcome.answers[0];
  };

  describe('that is no answer is a 502 of the gate', () => {
    it.each([
      ['Content-Length and Transfer-Encoding', `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n${LENGTH}`],
      ['two lengths', `HTTP/1.1 200 OK\r\nContent-Length: 1\r\n${LENGTH}`],
      ['a length that is no number', 'HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n{}'],
      ['a head of 20 KiB', `HTTP/1.1 200 OK\r\nX-Long: ${'x'.repeat(20_000)}\r\n${LENGTH}`],
      ['no status line', '{"repositories":[]}\r\n\r\n'],
      ['HTML without a head', '<html></html>\r\n\r\n'],
      ['HTTP/0.9', 'hello\n'],
      ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
      ['a settings frame', '\u0000\u0000\u0000\u0004\u0000\u0000\u0000\u0000\u0000'],
      ['a TLS alert', '\u0015\u0003\u0001\u0000\u0002\u0002\u0046'],
      ['status 99', `HTTP/1.1 099 Low\r\n${LENGTH}`],
      ['status 1000', `HTTP/1.1 1000 High\r\n${LENGTH}`],
      ['status -1', `HTTP/1.1 -1 Low\r\n${LENGTH}`],
      ['a bare LF in the head', `HTTP/1.1 200 OK\nX-One: 1\r\n${LENGTH}`],
      ['a folded field', `HTTP/1.1 200 OK\r\nX-One: 1\r\n 2\r\n${LENGTH}`],
      ['a NUL in a field', `HTTP/1.1 200 OK\r\nX-One: a\u0000b\r\n${LENGTH}`],
      ['a CR in a field', `HTTP/1.1 200 OK\r\nX-One: a\rSet-Cookie: x=1\r\n${LENGTH}`],
      ['a space before the colon', `HTTP/1.1 200 OK\r\nX-One : 1\r\n${LENGTH}`],
      [
        '101 that nobody asked for',
        'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n',
      ],
    ])('%s', async (_name, bytes) => {
      const answer = await through(bytes);
      expect(answer?.status).toBe(502);
      expect(JSON.parse(answer?.body ?? '')).toMatchObject({ errors: [{ code: 'UNAVAILABLE' }] });
      expect(answer?.body).not.toContain('127.0.0.1');
    });

    it('101 to a client that wanted an upgrade', async () => {
      const request = get('/v2/', 'Connection: Upgrade', 'Upgrade: websocket');
      const answer = await through(
        'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n',
        request,
      );
      expect(answer?.status).toBe(502);
    });

    it.each([
      [401, 'WWW-Authenticate: Bearer realm="https://evil.example/token",service="x"'],
      [401, 'WWW-Authenticate: Basic realm="own"'],
      [407, 'Proxy-Authenticate: Basic realm="own"'],
    ])('%s, which would send the client with its password elsewhere: %s', async (status, field) => {
      const answer = await through(`HTTP/1.1 ${status} No\r\n${field}\r\n${LENGTH}`);
      expect(answer?.status).toBe(502);
      expect(answer?.headers.filter(([name]) => name.endsWith('authenticate'))).toEqual([]);
      expect(answer?.body).not.toContain('evil');
    });
  });

  it('in chunks that break is cut, and never ended as if it were whole', async () => {
    fixture().backend.script({
      onRequest: (socket) =>
        socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nXX\r\n'),
    });
    const outcome = await fixture().send(get('/v2/', CLOSE));
    fixture().backend.script({});
    await fixture().wire();
    expect(outcome.answers).toEqual([]);
    expect(outcome.rest).not.toContain('0\r\n\r\n');
  });

  describe('as Location', () => {
    it.each<readonly [string, string, number, string | undefined]>([
      [UPLOADS, '/v2/a/blobs/uploads/x?_state=a%2Bb', 202, '/v2/a/blobs/uploads/x?_state=a%2Bb'],
      [UPLOADS, 'http://localhost/v2/a/blobs/uploads/x', 202, '/v2/a/blobs/uploads/x'],
      [UPLOADS, 'https://LOCALHOST/v2/a/blobs/uploads/x', 202, '/v2/a/blobs/uploads/x'],
      [UPLOADS, 'http://BACKEND/v2/a/blobs/uploads/x', 202, '/v2/a/blobs/uploads/x'],
      [UPLOADS, 'https://evil.example/v2/a/blobs/uploads/x', 202, '/v2/a/blobs/uploads/x'],
      [UPLOADS, 'https://evil.example/steal', 202, undefined],
      [UPLOADS, '//evil.example/v2/x', 202, undefined],
      [UPLOADS, '/\\evil.example/v2/', 202, undefined],
      [UPLOADS, 'x', 202, undefined],
      [UPLOADS, '', 202, undefined],
      [UPLOADS, 'javascript:alert(1)', 202, undefined],
      [UPLOADS, 'http://BACKEND/metrics', 202, undefined],
      [UPLOADS, 'https://evil.example/v2/', 307, '/v2/'],
      [BLOB, 'https://store.example/bucket/x?sig=1', 307, 'https://store.example/bucket/x?sig=1'],
      [BLOB, 'https://store.example/bucket/x?sig=1', 302, 'https://store.example/bucket/x?sig=1'],
      [BLOB, 'ftp://store.example/x', 307, undefined],
      [BLOB, 'https://store.example/bucket/x', 201, undefined],
      ['/v2/a/manifests/latest', 'https://store.example/x', 307, undefined],
      ['/v2/_catalog', 'https://evil.example/', 302, undefined],
    ])('%s -> %s with %s is %s', async (target, location, status, expected) => {
      const request =
        target === UPLOADS
          ? post(['Content-Length: 0', CLOSE])
          : raw(`GET ${target} HTTP/1.1`, ['Host: localhost', CLOSE]);
      const named = location.replace('BACKEND', `127.0.0.1:${fixture().backend.port}`);
      const answer = await through(
        `HTTP/1.1 ${status} Go\r\nLocation: ${named}\r\nContent-Length: 0\r\n\r\n`,
        request,
      );
      expect(answer?.status).toBe(expected === undefined ? 502 : status);
      expect(answer?.header('location')).toBe(expected);
    });
  });

  it('is rid of what is not for the client', async () => {
    const answer = await through(
      'HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nServer: x\r\nX-Powered-By: y\r\nAccess-Control-Allow-Origin: *\r\n' +
        'Keep-Alive: timeout=9\r\nProxy-Connection: x\r\nAlt-Svc: h2=":1"\r\nUpgrade: h2c\r\nTrailer: x\r\nConnection: x-odd\r\nX-Odd: 1\r\n' +
        `Strict-Transport-Security: max-age=1\r\nRefresh: 0;url=http://evil/\r\nDocker-Content-Digest: ${DIGEST}\r\n${LENGTH}`,
    );
    expect(answer?.headers.map(([name]) => name).toSorted()).toEqual([
      'connection',
      'content-length',
      'date',
      'docker-content-digest',
      'docker-distribution-api-version',
      'x-content-type-options',
    ]);
    expect(answer?.header('connection')).toBe('close');
  });

  it.each([
    ['HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'],
    ['GET', 'HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'],
    ['GET', 'HTTP/1.1 304 Not Modified\r\nETag: "x"\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'],
    [
      'GET',
      'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nPOISON',
    ],
  ])('to %s with bytes after its end: %s goes to nobody', async (method, bytes) => {
    const request = raw(`${method} /v2/ HTTP/1.1`, ['Host: localhost', CLOSE]);
    fixture().backend.script({ onRequest: (socket) => socket.write(bytes) });
    const first = await fixture().send(request, { methods: [method] });
    fixture().backend.script({});
    const second = await fixture().send(get('/v2/next/tags/list', CLOSE));
    await fixture().wire();
    expect(first.answers).toHaveLength(1);
    expect(first.rest).toBe('');
    expect(second.answers.map(({ body }) => body)).toEqual(['{}']);
  });

  it('after the answer, while the connection waits, ends that connection and reaches nobody', async () => {
    let extra: (() => void) | undefined;
    fixture().backend.script({
      onRequest: (socket) => {
        ok(socket);
        extra = () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nPOISON');
      },
    });
    const first = await fixture().send(get('/v2/first/tags/list', CLOSE));
    const open = fixture().backend.open();
    extra?.();
    await until(
      () => fixture().backend.open() < open || undefined,
      () => 'the connection was kept',
    );
    fixture().backend.script({});
    const second = await fixture().send(get('/v2/second/tags/list', CLOSE));
    await fixture().wire();
    expect(first.answers.map(({ body }) => body)).toEqual(['{}']);
    expect(second.answers.map(({ body }) => body)).toEqual(['{}']);
  });

  it('before the body is in reaches the client, and both connections end', async () => {
    fixture().backend.script({
      onHead: (socket) => socket.write('HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\n{}'),
      onRequest: () => undefined,
    });
    const outcome = await fixture().send(post(['Content-Length: 1000000'], 'x'.repeat(70_000)));
    fixture().backend.script({});
    const [recorded] = await fixture().wire();
    expect(outcome.answers.map(({ status }) => status)).toEqual([413]);
    expect(outcome.answers[0]?.header('connection')).toBe('close');
    expect(recorded?.requests).toEqual([]);
    await until(
      () => recorded?.isClosed() || undefined,
      () => 'the connection to the backend stayed',
    );
  });

  it('with 1xx before it is passed on without them', async () => {
    const answer = await through(
      `HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n${LENGTH}`,
    );
    expect(answer?.status).toBe(200);
    expect(answer?.header('link')).toBeUndefined();
  });

  it('304 with its ETag answers a conditional request, which crosses as it is', async () => {
    const answer = await through(
      'HTTP/1.1 304 Not Modified\r\nETag: W/"x"\r\n\r\n',
      get('/v2/', 'If-None-Match: *', CLOSE),
    );
    expect([answer?.status, answer?.header('etag')]).toEqual([304, 'W/"x"']);
  });
});
