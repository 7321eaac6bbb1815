import { describe, expect, it } from 'vitest';
import { headerOf } from '../support/wire.ts';
import { UPLOADS, base, forwarded, forwardedLast, post, refused } from './cases/hostile-case.ts';
import type { HostileCase } from './cases/hostile-case.ts';
import { complaintsAbout, runsOf, useCaseFixture } from './run-cases.ts';

const drop = (...fields: readonly string[]): HostileCase => ({
  id: fields.join(' | '),
  bytes: base(...fields),
  expected: forwarded(),
});

/** Fields that a registry, or a server before it, believes. */
const forged: readonly HostileCase[] = [
  drop('Cookie: session=1'),
  drop('Proxy-Authorization: Basic YTpi'),
  drop('Forwarded: for=10.0.0.1;host=evil.example;proto=http'),
  drop('X-Forwarded-For: 10.0.0.1'),
  drop('X-Forwarded-For: 10.0.0.1', 'x-forwarded-for: 10.0.0.2'),
  drop('X-Forwarded-Host: evil.example'),
  drop('X-Forwarded-Proto: http'),
  drop('X-Forwarded-Port: 80', 'X-Forwarded-Prefix: /x', 'X-Forwarded-Uri: /v2/_catalog'),
  drop('X-Forwarded-Server: evil', 'X-Forwarded-Scheme: http', 'X-Forwarded-User: admin'),
  drop('X-Real-IP: 127.0.0.1', 'X-Client-IP: 127.0.0.1', 'True-Client-IP: 127.0.0.1'),
  drop('X-Original-URL: /v2/_catalog', 'X-Rewrite-URL: /v2/_catalog'),
  drop('X-HTTP-Method-Override: DELETE', 'X-HTTP-Method: DELETE', 'X-Method-Override: DELETE'),
  drop('X-Remote-User: admin', 'Remote-User: admin', 'X-WEBAUTH-USER: admin', 'X-Authenticated-User: admin'),
  drop('X-Request-Id: forged'),
  drop('Via: 1.1 evil', 'Max-Forwards: 0'),
  drop('Origin: https://evil.example', 'Referer: https://evil.example/', 'Sec-Fetch-Site: cross-site'),
];

/** An underscore or a dot is a hyphen for CGI and its heirs. */
const aliases: readonly HostileCase[] = [
  drop('X_Remote_User: admin'),
  drop('X_Forwarded_For: 10.0.0.1', 'X_Forwarded_Proto: http', 'X_Forwarded_Host: evil.example'),
  drop('X.Remote.User: admin', 'X.Forwarded.For: 10.0.0.1'),
  drop('Transfer_Encoding: chunked'),
  drop('Content_Length: 5'),
  drop('AUTHORIZATION_: Basic YTpi', '_Authorization: Basic YTpi', 'HTTP_AUTHORIZATION: Basic YTpi'),
  drop('x-remote-USER: admin', 'COOKIE: a=b', 'fORWARDED: for=10.0.0.1'),
];

/** What belongs to one connection ends with it, in whatever way `Connection` is used to take other fields along. */
const hopByHop: readonly HostileCase[] = [
  drop('Keep-Alive: timeout=1000'),
  drop('Proxy-Connection: keep-alive'),
  drop('TE: trailers, chunked', 'Connection: TE'),
  drop('Trailer: Authorization'),
  drop('HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA'),
  drop('Alt-Svc: h2=":443"'),
  drop('Proxy-Authenticate: Basic', 'WWW-Authenticate: Basic'),
  drop('Connection: x-forwarded-for, x-forwarded-proto, x-forwarded-host, x-request-id, x-remote-user'),
  drop('Connection: host'),
  drop('Connection: authorization'),
  drop('Connection: connection'),
  drop('Connection: keep-alive, x-odd', 'X-Odd: 1'),
  drop('Connection: keep-alive', 'Connection: x-forwarded-for'),
  drop('Connection: ,,'),
  drop('Connection: expect, te, upgrade, trailer'),
  {
    id: 'Connection: close, x-forwarded-for',
    bytes: base('Connection: close, x-forwarded-for'),
    expected: forwardedLast(),
  },
  {
    id: 'Connection: content-length',
    bytes: post(['Connection: content-length', 'Content-Length: 5'], 'hello'),
    expected: forwarded(UPLOADS, 'hello'),
  },
  {
    id: 'Connection: transfer-encoding',
    bytes: post(['Connection: transfer-encoding', 'Transfer-Encoding: chunked'], '5\r\nhello\r\n0\r\n\r\n'),
    expected: forwarded(UPLOADS, 'hello'),
  },
  { id: 'CR in a forged field', bytes: base('X-Odd: a\rX-Remote-User: admin'), expected: refused(400) },
  { id: 'obs-text in a field that crosses', bytes: base('User-Agent: \u00e4\u00ff'), expected: forwarded() },
];

describe('fields of the client', () => {
  const fixture = useCaseFixture();

  describe.each(Object.entries({ forged, aliases, 'hop by hop': hopByHop }))('%s', (_name, cases) => {
    it.each(runsOf(cases))('$title', async (run) => {
      expect(await complaintsAbout(fixture(), run)).toBe('');
    });
  });

  it('are dropped where Connection names them, even those that else cross', async () => {
    await fixture().send(
      base('Accept: a/b', 'If-Match: x', 'Range: bytes=0-1', 'Connection: Accept , if-match, close'),
    );
    const [request] = (await fixture().wire()).flatMap(({ requests }) => requests);
    expect(request?.headers.map(([name]) => name.toLowerCase()).toSorted()).toEqual([
      'host',
      'range',
      'x-forwarded-for',
      'x-forwarded-host',
      'x-forwarded-proto',
      'x-request-id',
    ]);
  });

  it('cross where a registry reads them, as they are', async () => {
    const crossing = {
      Accept: 'application/vnd.oci.image.index.v1+json, */*;q=0.1',
      'Accept-Encoding': 'gzip',
      'If-None-Match': 'W/"x"',
      'If-Modified-Since': 'Sun, 22 Nov 2026 07:00:00 GMT',
      Range: 'bytes=0-1',
      'User-Agent': 'docker/29',
    };
    await fixture().send(
      base(...Object.entries(crossing).map(([name, value]) => `${name}: ${value}`), 'Connection: close'),
    );
    const [request] = (await fixture().wire()).flatMap(({ requests }) => requests);
    const seen = Object.keys(crossing).map((name) => request && headerOf(request, name.toLowerCase()));
    expect(seen).toEqual(Object.values(crossing));
  });

  it.each(['evil.example', 'evil.example:443', '127.0.0.1', '[::1]:1'])(
    'poison neither Location nor the challenge nor a problem by Host: %s',
    async (host) => {
      fixture().backend.script({
        onRequest: (socket, request) =>
          socket.write(
            `HTTP/1.1 202 Accepted\r\nLocation: https://${headerOf(request, 'x-forwarded-host')}/v2/a/blobs/uploads/x?_state=1\r\nContent-Length: 0\r\n\r\n`,
          ),
      });
      const upload = post(['Content-Length: 0', 'Connection: close']).replace('localhost', host);
      const taken = await fixture().send(upload);
      const stranger = await fixture().send(upload, { stranger: true });
      const problem = await fixture().send(base('Connection: close', 'Expect: x').replace('localhost', host));
      fixture().backend.script({});
      await fixture().wire();
      expect(taken.answers[0]?.header('location')).toBe('/v2/a/blobs/uploads/x?_state=1');
      for (const { bytes } of [taken, stranger, problem])
        expect(bytes.toString('latin1')).not.toContain(host);
    },
  );
});
