import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { beforeEach, describe, expect, it } from 'vitest';
import { startRecordingBackend } from '../support/recording-backend.ts';
import { startTestGate } from '../support/test-gate.ts';
import { headerOf } from '../support/wire.ts';
import { useScriptedGate } from '../faults/scripted-gate.ts';
import { BLOB, eventually, MANIFEST, openClient, startBackend } from '../faults/scripted-backend.ts';
import type { Client, Visit } from '../faults/scripted-backend.ts';
import { AT_ONCE_MS } from '../support/patience.ts';

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const POISON = 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison';
const IN_CHUNKS = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';
const TARGETS = [BLOB, MANIFEST, '/v2/', '/v2/library/app/tags/list'];

const scripted = useScriptedGate({ timeouts: { backendSeconds: 0.3 } });
let client: Client;
beforeEach(async () => {
  for (const visit of scripted.backend.visits) visit.socket.destroy();
  await eventually('no connection is left', () => scripted.backend.open() === 0);
  client = await openClient(scripted.gate);
  scripted.script = (visit) => void visit.socket.write(OK);
  return () => client.close();
});

async function get(nth: number, target = BLOB): Promise<number> {
  client.ask('GET', target);
  return (await client.answer(nth)).status;
}

/** What the next user gets. */
async function nextUserGets(target = BLOB): Promise<string> {
  const next = await openClient(scripted.gate);
  next.ask('GET', target);
  const { status, body } = await next.answer();
  next.close();
  return `${status} ${body}`;
}

/** The backend answers with these bytes; the number of connections that this and the next request took. */
async function visitsWith(bytes: string, then = 'open' as 'open' | 'fin' | 'reset'): Promise<number> {
  const before = scripted.backend.visits.length;
  scripted.script = (visit) => {
    visit.socket.write(Buffer.from(bytes, 'latin1'));
    if (then === 'fin') visit.socket.end();
    if (then === 'reset') visit.socket.resetAndDestroy();
  };
  client.ask('GET', BLOB);
  await eventually('it is answered or cut', () => client.answers().length > 0 || client.end() !== 'open');
  scripted.script = (visit) => void visit.socket.write(OK);
  expect(await nextUserGets()).toBe('200 ok');
  return scripted.backend.visits.length - before;
}

describe('R60, R61, R69: a request without a body is one request at the backend, byte by byte', () => {
  const HOSTILE: readonly (readonly [string, readonly string[], string])[] = [
    ['a body with a length', ['Content-Length: 33'], 'GET /v2/smuggled HTTP/1.1\r\nA: b\r\n\r\n'],
    [
      'a body in chunks',
      ['Transfer-Encoding: chunked'],
      '1d\r\nGET /v2/smuggled HTTP/1.1\r\n\r\n\r\n0\r\n\r\n',
    ],
    ['a length of nothing', ['Content-Length: 0'], ''],
    ['fields that hold latin1', ['User-Agent: \u00e4\u00ff\u0080', 'Accept: \u00a0, */*'], ''],
    ['fields of many commas', ['Accept: a', 'Accept: b', `Accept: ${'c,'.repeat(500)}`], ''],
    [
      'fields that end at this hop',
      ['Connection: close, Accept, Range', 'Accept: a', 'Range: bytes=0-1'],
      '',
    ],
    ['a field that fills the head', [`User-Agent: ${'x'.repeat(12_000)}`], ''],
    ['a query with escapes', [], ''],
  ];
  for (const method of ['GET', 'HEAD']) {
    it.each(HOSTILE)(`${method} with %s`, async (_name, fields, body) => {
      const recording = await startRecordingBackend();
      const own = await startTestGate({ backend: recording.url });
      const hostile = await openClient(own);
      hostile.ask(method, '/v2/a/tags/list?n=5', ...fields);
      hostile.send(body);
      await eventually('an answer', () => hostile.text().includes('\r\n\r\n'));
      hostile.close();
      const last = await openClient(own);
      last.ask('GET', '/v2/');
      await last.answer();
      last.close();
      const recorded = recording.take();
      await own.close();
      await recording.close();
      const seen = recorded.flatMap(({ requests }) => requests.map(({ target }) => target));
      expect(recorded.flatMap(({ malformed }) => malformed ?? [])).toEqual([]);
      expect(recorded.map(({ rest }) => rest).join('')).toBe('');
      expect([['/v2/'], ['/v2/a/tags/list?n=5', '/v2/']]).toContainEqual(seen);
      for (const { requests } of recorded)
        for (const request of requests) {
          // No body, and no word of one.
          expect([
            headerOf(request, 'content-length') ?? '0',
            headerOf(request, 'transfer-encoding'),
          ]).toEqual(['0', undefined]);
        }
    });
  }

  it('an HTTP server that is not ours reads the same from the wire', async () => {
    const seen: string[] = [];
    const judge = createServer({ insecureHTTPParser: false }, (req, res) => {
      seen.push(
        `${req.method} ${req.url} ${req.headers['user-agent']} ${req.headers.accept} ${req.headers.range}`,
      );
      res.end('ok');
    });
    await new Promise<void>((resolve) => judge.listen(0, '127.0.0.1', resolve));
    const { port } = judge.address() as AddressInfo;
    const own = await startTestGate({ backend: `http://127.0.0.1:${port}` });
    const odd = await openClient(own);
    odd.send(
      `GET ${BLOB} HTTP/1.1\r\nHost: x\r\nAuthorization: ${scripted.gate.authorization}\r\nUser-Agent: \u00e4 "\\" \u00ff\r\nAccept:  a, b \r\nRange: bytes=0-1\r\n\r\n`,
    );
    expect(await odd.answer()).toMatchObject({ status: 200, body: 'ok' });
    odd.close();
    await own.close();
    await new Promise((resolve) => judge.close(resolve));
    // Of a user agent, odd bytes are replaced; in every other field that is passed on they are refused.
    expect(seen).toEqual([`GET ${BLOB} ? "\\" ? a, b bytes=0-1`]);
  });
});

describe('R64: a connection to the backend is never used again', () => {
  const AFTER: readonly (readonly [string, string])[] = [
    ['bytes after the answer', `${OK}x`],
    ['a line end after the answer', `${OK}\r\n`],
    ['a second answer', OK + POISON],
    ['a second answer after chunks', `${IN_CHUNKS}2\r\nok\r\n0\r\n\r\n${POISON}`],
    ['an interim answer that nobody asked for', `HTTP/1.1 100 Continue\r\n\r\n${OK}`],
    ['early hints', `HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n${OK}`],
    ['an interim answer after the answer', `${OK}HTTP/1.1 100 Continue\r\n\r\n`],
    ['101', `HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n${POISON}`],
    ['a parse error', 'HTTP/1.1 200 OK\r\nContent-Length: 2\nX: y\r\n\r\nok'],
    ['a parse error in a chunk', `${IN_CHUNKS}2\r\nokXX${POISON}`],
    ['Connection: close', 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok'],
    ['Connection: x, Close', 'HTTP/1.1 200 OK\r\nConnection: x, Close\r\nContent-Length: 2\r\n\r\nok'],
    ['an answer of HTTP/1.0', 'HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok'],
    ['a 304 with a body', `HTTP/1.1 304 Not Modified\r\nContent-Length: 6\r\n\r\npoison`],
    ['a 204 with a body', `HTTP/1.1 204 No Content\r\n\r\n${POISON}`],
    ['an answer without a length', `HTTP/1.1 200 OK\r\n\r\n${POISON}`],
    ['an answer that is not passed on', `HTTP/1.1 401 No\r\nContent-Length: 2\r\n\r\nok`],
  ];
  it.each(AFTER)('after %s', async (_name, bytes) => {
    expect(await visitsWith(bytes)).toBe(2);
    expect(client.text()).not.toContain('poison');
    await eventually('it is closed', () => scripted.backend.visits.at(-2)?.end() !== 'open');
  });

  it('after an answer that was left half-way by the client', async () => {
    const before = scripted.backend.visits.length;
    scripted.script = (visit) =>
      void visit.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfive.');
    client.ask('GET', BLOB);
    await eventually('it begins', () => client.text().includes('five.'));
    client.close();
    await eventually('it is closed', () => scripted.backend.visits.at(-1)?.end() !== 'open');
    // The rest of the old answer, which no client may get.
    scripted.backend.visits.at(-1)?.socket.write('five.');
    scripted.script = (visit) => void visit.socket.write(OK);
    expect(await nextUserGets()).toBe('200 ok');
    expect(scripted.backend.visits.length - before).toBe(2);
  });

  it('after a request that the client left before an answer', async () => {
    const before = scripted.backend.visits.length;
    scripted.script = () => undefined;
    client.ask('GET', BLOB);
    await eventually('it is asked', () => scripted.backend.visits.length > before);
    client.reset();
    await eventually('it is closed', () => scripted.backend.visits.at(-1)?.end() !== 'open');
    scripted.script = (visit) => void visit.socket.write(OK);
    expect(await nextUserGets()).toBe('200 ok');
    expect(scripted.backend.visits.length - before).toBe(2);
  });

  it('after a time-out, whether nothing came or half of the answer', async () => {
    for (const beginning of [
      '',
      'HTTP/1.1 200 OK\r\nConte',
      'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfive.',
    ]) {
      const own = await openClient(scripted.gate);
      scripted.script = (visit) => void visit.socket.write(beginning);
      const before = scripted.backend.visits.length;
      own.ask('GET', BLOB);
      await eventually('it is over', () => own.answers().length > 0 || own.end() !== 'open');
      expect(own.answers().map(({ status }) => status)).toEqual(beginning.includes('five') ? [] : [504]);
      await eventually('it is closed', () => scripted.backend.visits.at(-1)?.end() !== 'open');
      own.close();
      scripted.script = (visit) => void visit.socket.write(OK);
      expect(await nextUserGets()).toBe('200 ok');
      expect(scripted.backend.visits.length - before).toBe(2);
      scripted.backend.visits.at(-1)?.socket.destroy();
      await eventually('none is kept', () => scripted.backend.open() === 0);
    }
  });

  it('but it is after a good answer, of every kind', async () => {
    const GOOD = [
      OK,
      `${IN_CHUNKS}2;a="b"\r\nok\r\n0\r\nX-Sum: 1\r\n\r\n`,
      'HTTP/1.1 204 No Content\r\n\r\n',
      'HTTP/1.1 304 Not Modified\r\nETag: "x"\r\n\r\n',
      'HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n',
      'HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-1/9\r\nContent-Length: 2\r\n\r\nok',
      'HTTP/1.1 307 Go\r\nLocation: https://store.example/x\r\nContent-Length: 0\r\n\r\n',
      'HTTP/1.1 416 No\r\nContent-Range: bytes */2\r\nContent-Length: 0\r\n\r\n',
    ];
    const before = scripted.backend.visits.length;
    for (const [nth, bytes] of GOOD.entries()) {
      scripted.script = (visit) => void visit.socket.write(bytes);
      expect(await get(nth)).toBe(Number(bytes.slice(9, 12)));
    }
    expect(scripted.backend.visits.length - before).toBe(1);
  });
});

describe('R65: what the backend sends unasked is never the answer to the next user', () => {
  it.each([
    ['a whole answer', POISON],
    ['a line end', '\r\n'],
    ['a single byte', 'H'],
    ['an interim answer', 'HTTP/1.1 100 Continue\r\n\r\n'],
    ['nonsense', '\u0000\u0001'],
  ])('%s while the connection waits', async (_name, bytes) => {
    const before = scripted.backend.visits.length;
    await get(0);
    const kept = scripted.backend.visits.at(-1);
    kept?.socket.write(bytes);
    await eventually('it is closed', () => kept?.end() !== 'open');
    expect(await nextUserGets()).toBe('200 ok');
    expect(scripted.backend.visits.length - before).toBe(2);
  });

  it('a second answer 30 ms after the first: it ends the connection', async () => {
    scripted.script = (visit) => {
      visit.socket.write(OK);
      setTimeout(() => visit.socket.write(POISON), 30);
    };
    await get(0);
    const kept = scripted.backend.visits.at(-1);
    await eventually('it is closed', () => kept?.end() !== 'open');
    scripted.script = (visit) => void visit.socket.write(OK);
    expect(await nextUserGets()).toBe('200 ok');
  });

  it('an answer to the head of a request that it had not read: the true answer to it goes to nobody', async () => {
    // A backend that sends an answer first is believed once, as by every client; a further answer is one too many.
    const greeting = await startBackend((visit) => void visit.socket.write(OK.replace('ok', 'no')));
    const own = await startTestGate({ backend: greeting.url });
    const first = await openClient(own);
    first.ask('GET', BLOB);
    await eventually('it is asked', () => greeting.visits.length === 1);
    greeting.visits[0]?.socket.write(POISON);
    await first.answer();
    for (let i = 0; i < 5; i += 1) {
      const next = await openClient(own);
      next.ask('GET', MANIFEST);
      expect((await next.answer()).body).toBe('no');
      next.close();
    }
    first.close();
    await own.close();
    await greeting.close();
  });

  it('answers of many users at once are told apart', async () => {
    scripted.script = (visit, head) => {
      const [, tag = ''] = /manifests\/(\S+)/.exec(head) ?? [];
      visit.socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${tag.length}\r\n\r\n${tag}`);
    };
    const users = await Promise.all(Array.from({ length: 8 }, () => openClient(scripted.gate)));
    await Promise.all(
      users.map(async (user, number) => {
        for (let nth = 0; nth < 25; nth += 1) {
          user.ask('GET', `/v2/library/app/manifests/of-${number}-${nth}`);
          expect((await user.answer(nth)).body).toBe(`of-${number}-${nth}`);
        }
        user.close();
      }),
    );
  });
});

describe('R66: no request waits for another', () => {
  it('300 at once reach the backend, and all are answered', async () => {
    const MANY = 300;
    const waiting: Visit[] = [];
    scripted.script = (visit) => {
      waiting.push(visit);
      if (waiting.length === MANY) for (const { socket } of waiting) socket.write(OK);
    };
    const own = await startTestGate({ backend: scripted.backend.url });
    const users = await Promise.all(Array.from({ length: MANY }, () => openClient(own)));
    for (const user of users) user.ask('GET', BLOB);
    const statuses = await Promise.all(users.map(async (user) => (await user.answer()).status));
    for (const user of users) user.close();
    await own.close();
    expect(new Set(statuses)).toEqual(new Set([200]));
  });
});

describe('R67: what is no answer is a 502, and the connection is closed', () => {
  const LENGTH = 'Content-Length: 2\r\n\r\nok';
  const NONE: readonly (readonly [string, string])[] = [
    ['a length and chunks', `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n${LENGTH}`],
    [
      'chunks and a length',
      `HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    ],
    ['two lengths that differ', `HTTP/1.1 200 OK\r\nContent-Length: 3\r\n${LENGTH}`],
    ['two lengths in one field', 'HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nok'],
    ['a length with a sign', 'HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nok'],
    ['a length beyond 2^64', 'HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551618\r\n\r\nok'],
    ['another coding', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n'],
    ['chunks that are not last', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n'],
    ['an empty coding', 'HTTP/1.1 200 OK\r\nTransfer-Encoding:\r\nContent-Length: 2\r\n\r\nok'],
    ['a head of 20 KiB', `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(20_000)}\r\n${LENGTH}`],
    ['a head without an end', `HTTP/1.1 200 OK\r\n${'X: y\r\n'.repeat(20_000)}`],
    ['an endless status line', `HTTP/1.1 200 ${'x'.repeat(100_000)}`],
    ['no status line', '{"repositories":[]}\r\n\r\n'],
    ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['a frame of HTTP/2', '\u0000\u0000\u0006\u0004\u0000\u0000\u0000\u0000\u0000'],
    ['a TLS alert', '\u0015\u0003\u0001\u0000\u0002\u0002\u0046'],
    ['a field without a name', `HTTP/1.1 200 OK\r\n: x\r\n${LENGTH}`],
    ['a space before the colon', `HTTP/1.1 200 OK\r\nContent-Type : x\r\n${LENGTH}`],
    ['a folded field', `HTTP/1.1 200 OK\r\nContent-Type: x\r\n y\r\n${LENGTH}`],
    ['a NUL in a field', `HTTP/1.1 200 OK\r\nContent-Type: a\u0000b\r\n${LENGTH}`],
    ['a CR in a field', `HTTP/1.1 200 OK\r\nContent-Type: a\rSet-Cookie: b\r\n${LENGTH}`],
    ['an LF for a line end', `HTTP/1.1 200 OK\r\nContent-Type: a\n${LENGTH}`],
    ['no length and no chunks', 'HTTP/1.1 200 OK\r\n\r\nok'],
    ['interim answers without end', 'HTTP/1.1 102 Processing\r\n\r\n'.repeat(5000)],
    ['status 600', `HTTP/1.1 600 X\r\n${LENGTH}`],
    ['status 99', `HTTP/1.1 099 X\r\n${LENGTH}`],
  ];
  it.each(NONE)('%s', async (_name, bytes) => {
    const before = scripted.backend.visits.length;
    scripted.script = (visit) => void visit.socket.write(Buffer.from(bytes, 'latin1'));
    for (const [nth, target] of [BLOB, MANIFEST].entries()) {
      const own = await openClient(scripted.gate);
      own.ask('GET', target);
      const answer = await own.answer();
      expect(answer.status).toBe(502);
      expect(JSON.parse(answer.body)).toMatchObject({ errors: [{ code: 'UNAVAILABLE' }] });
      await eventually('it is closed', () => scripted.backend.visits[before + nth]?.end() !== 'open');
      own.close();
    }
    expect(scripted.backend.visits.length - before).toBe(2);
  });

  const BROKEN: readonly (readonly [string, string])[] = [
    ['a chunk that is no number', `${IN_CHUNKS}2\r\nok\r\nXX\r\n`],
    ['a chunk with a sign', `${IN_CHUNKS}2\r\nok\r\n+2\r\nok\r\n0\r\n\r\n`],
    ['a chunk that is longer than it says', `${IN_CHUNKS}2\r\nokay\r\n0\r\n\r\n`],
    ['a chunk beyond 2^64', `${IN_CHUNKS}2\r\nok\r\n10000000000000002\r\nok\r\n0\r\n\r\n`],
    ['a line end of LF alone', `${IN_CHUNKS}2\r\nok\n0\r\n\r\n`],
    ['an extension with a CR', `${IN_CHUNKS}2\r\nok\r\n2;a\rb\r\nok\r\n0\r\n\r\n`],
    ['an extension without end', `${IN_CHUNKS}2\r\nok\r\n2;${'a'.repeat(200_000)}`],
    ['trailers without end', `${IN_CHUNKS}2\r\nok\r\n0\r\n${'A: b\r\n'.repeat(50_000)}`],
    ['a broken trailer', `${IN_CHUNKS}2\r\nok\r\n0\r\nA b\r\n\r\n`],
  ];
  it.each(BROKEN)('in the middle, it is cut: %s', async (_name, bytes) => {
    const before = scripted.backend.visits.length;
    scripted.script = (visit) => void visit.socket.write(bytes);
    client.ask('GET', BLOB);
    await eventually('it is over', () => client.answers().length > 0 || client.end() !== 'open');
    // A fault found before the head was sent may be reported; the answer must never look complete.
    expect(client.answers().filter(({ status }) => status !== 502)).toEqual([]);
    expect(client.text()).not.toMatch(/0\r\n\r\n$/);
    await eventually('it is closed', () => scripted.backend.visits[before]?.end() !== 'open');
  });
});

describe('R68: an answer without a body carries none, whatever the backend sends', () => {
  const BODILESS: readonly (readonly [string, string, string])[] = [
    ['HEAD', 'with a length', 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n'],
    ['HEAD', 'with chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'],
    ['HEAD', 'without either', 'HTTP/1.1 200 OK\r\nDocker-Content-Digest: sha256:a\r\n\r\n'],
    ['HEAD', '404', 'HTTP/1.1 404 Not Found\r\nContent-Length: 6\r\n\r\n'],
    ['GET', '204', 'HTTP/1.1 204 No Content\r\n\r\n'],
    ['GET', '304', 'HTTP/1.1 304 Not Modified\r\nETag: "x"\r\n\r\n'],
    ['GET', '304 with a length', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 6\r\n\r\n'],
  ];
  for (const more of ['', 'poison', '6\r\npoison\r\n0\r\n\r\n', POISON]) {
    it.each(BODILESS)(`%s %s, then ${JSON.stringify(more)}`, async (method, _name, bytes) => {
      scripted.script = (visit) => void visit.socket.write(bytes + more);
      client.ask(method, BLOB);
      await eventually('the head', () => client.text().includes('\r\n\r\n'));
      scripted.script = (visit) => void visit.socket.write(OK);
      // The answer to a second request on the same connection of the client begins right where the first one ends.
      client.ask('GET', BLOB);
      await eventually('the next answer', () => client.text().endsWith('\r\n\r\nok'));
      const heads = client.text().split('\r\n\r\n');
      expect(heads.length).toBe(3);
      expect(heads[0]).toMatch(new RegExp(`^HTTP/1\\.1 ${bytes.slice(9, 12)} `));
      expect(heads[1]).toMatch(/^HTTP\/1\.1 200 /);
      expect(client.text()).not.toContain('poison');
    });
  }

  it('the length that HEAD tells is the one of the backend', async () => {
    scripted.script = (visit) =>
      void visit.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 123456789012\r\n\r\n');
    client.ask('HEAD', BLOB);
    await eventually('the head', () => client.text().includes('\r\n\r\n'));
    expect(client.text()).toMatch(/^content-length: 123456789012\r$/im);
  });
});

describe('R70: a change of protocols is a 502 within a second', () => {
  it.each(TARGETS)('%s', async (target) => {
    scripted.script = (visit) =>
      void visit.socket.write(
        'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n',
      );
    client.ask('GET', target, 'Connection: Upgrade', 'Upgrade: websocket');
    await eventually('it is answered', () => client.answers().length > 0, AT_ONCE_MS);
    expect(client.answers()[0]).toMatchObject({ status: 502 });
    await eventually('it is closed', () => scripted.backend.visits.at(-1)?.end() !== 'open');
  });
});

describe('RFC 9112 section 9.3.1: a kept connection that is stale', () => {
  const leave: Readonly<Record<string, (visit: Visit) => void>> = {
    closed: (visit) => void visit.socket.end(),
    reset: (visit) => void visit.socket.resetAndDestroy(),
  };
  for (const [how, act] of Object.entries(leave)) {
    for (const method of ['GET', 'HEAD']) {
      it(`${how}: ${method} is asked again, once, on a connection that is new`, async () => {
        const before = scripted.backend.visits.length;
        await get(0);
        let asked = 0;
        scripted.script = (visit) => {
          asked += 1;
          if (asked === 1) act(visit);
          else visit.socket.write('HTTP/1.1 204 No Content\r\n\r\n');
        };
        client.ask(method, BLOB);
        expect((await client.answer(1)).status).toBe(204);
        expect([asked, scripted.backend.visits.length - before]).toEqual([2, 2]);
      });
    }

    it(`${how}: not where it had begun to answer, not even with one byte`, async () => {
      await get(0);
      let asked = 0;
      scripted.script = (visit) => {
        asked += 1;
        visit.socket.write('H', () => act(visit));
      };
      expect(await get(1)).toBe(502);
      expect(asked).toBe(1);
    });

    it(`${how}: not on a connection that was new`, async () => {
      let asked = 0;
      scripted.script = (visit) => {
        asked += 1;
        act(visit);
      };
      expect(await get(0)).toBe(502);
      expect(asked).toBe(1);
    });

    it(`${how}: several kept ones at once cost one request no more than one more`, async () => {
      const users = await Promise.all(Array.from({ length: 4 }, () => openClient(scripted.gate)));
      const waiting: Visit[] = [];
      scripted.script = (visit) => {
        waiting.push(visit);
        if (waiting.length === 4) for (const { socket } of waiting) socket.write(OK);
      };
      for (const user of users) user.ask('GET', BLOB);
      await Promise.all(users.map((user) => user.answer()));
      for (const user of users) user.close();
      let asked = 0;
      const kept = new Set(waiting);
      scripted.script = (visit) => {
        asked += 1;
        if (kept.has(visit)) act(visit);
        else visit.socket.write(OK);
      };
      expect(await get(0)).toBe(200);
      expect(asked).toBe(2);
    });
  }
});
