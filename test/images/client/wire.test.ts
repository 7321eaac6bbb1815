import { createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  createWire,
  type Wire,
  type WireRequest,
  type WireTimes,
} from '../../../src/images/client/wire/wire.ts';

/** A server that does with the connection of this number what the script says. */
async function startRaw(
  script: (socket: Socket, connection: number) => void,
): Promise<{ name: string; server: Server }> {
  let connections = 0;
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on('error', () => undefined);
    script(socket, (connections += 1));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { name: `127.0.0.1:${port}`, server };
}

function openWire(registry: string, times: Partial<WireTimes> = {}): Wire {
  const wire = createWire({ registry, isPlain: true, trust: async () => ({ authorities: [] }), times });
  onTestFinished(() => wire.close());
  return wire;
}

function get(wire: Wire, more: Partial<WireRequest> = {}): WireRequest {
  return { method: 'GET', url: new URL('/v2/', wire.origin), headers: {}, ...more };
}

async function ask(wire: Wire, more: Partial<WireRequest> = {}): Promise<string> {
  return (await (await wire.send(get(wire, more))).read(1_000_000)).toString();
}

/** Answers each request of a connection with this, from its empty line on. */
function answering(text: string): (socket: Socket) => void {
  return (socket) => socket.on('data', () => socket.write(text, 'latin1'));
}

/** Waits until a figure is the same for some turns of the event loop. */
async function isQuiet(figure: () => unknown): Promise<void> {
  let last: unknown;
  let times = 0;
  await expect
    .poll(() => {
      times = figure() === last ? times + 1 : 0;
      last = figure();
      return times;
    })
    .toBeGreaterThan(4);
}

const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';

describe('the wire', () => {
  it.each<readonly [name: string, answer: string, body: string]>([
    ['a length', OK, 'ok'],
    [
      'chunks',
      'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n5\r\n then\r\n0\r\n\r\n',
      'ok then',
    ],
    ['no body', 'HTTP/1.1 204 No Content\r\n\r\n', ''],
    ['an interim answer before', `HTTP/1.1 103 Early Hints\r\n\r\n${OK}`, 'ok'],
  ])('reads an answer with %s', async (_name, answer, body) => {
    const { name } = await startRaw(answering(answer));
    expect(await ask(openWire(name))).toBe(body);
  });

  it('reads an answer that ends with the connection for who can tell whether it is whole', async () => {
    const { name } = await startRaw((socket) =>
      socket.on('data', () => socket.end('HTTP/1.0 200 OK\r\n\r\nall of it')),
    );
    const wire = openWire(name);
    const judged = await (await wire.send(get(wire))).read(100, { isJudged: true });
    expect(judged.toString()).toBe('all of it');
    await expect(ask(wire)).rejects.toMatchObject({
      code: 'REGISTRY_UNREACHABLE',
      message: expect.stringContaining('neither a length nor chunks') as string,
    });
  });

  it('reads chunks of a byte as one text', async () => {
    const text = 'abcdefghijklmnopqrstuvwxyz'.repeat(1000);
    const chunks = [...text].map((letter) => `1\r\n${letter}\r\n`).join('');
    const { name } = await startRaw(
      answering(`HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${chunks}0\r\n\r\n`),
    );
    expect(await ask(openWire(name))).toBe(text);
  });

  it.each<readonly [name: string, answer: string]>([
    ['no HTTP', 'SSH-2.0-OpenSSH_9.2\r\n'],
    ['two lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nok'],
    [
      'a length and chunks',
      'HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['a malformed chunk', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nok\r\n'],
    ['a head without end', `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(20_000)}`],
  ])('refuses %s', async (_name, answer) => {
    const { name } = await startRaw(answering(answer));
    await expect(ask(openWire(name))).rejects.toMatchObject({
      code: 'REGISTRY_UNREACHABLE',
      message: expect.stringContaining('ERR_ANSWER_MALFORMED') as string,
    });
  });

  it('uses a connection again, and not after more than was asked for', async () => {
    const seen: number[] = [];
    const { name } = await startRaw((socket, connection) =>
      socket.on('data', () => {
        seen.push(connection);
        socket.write(seen.length === 2 ? `${OK}HTTP/1.1 200 OK\r\n` : OK);
      }),
    );
    const wire = openWire(name);
    for (let at = 0; at < 3; at += 1) expect(await ask(wire)).toBe('ok');
    expect(seen).toEqual([1, 1, 2]);
  });

  it('asks again where a connection that waited is closed at the next request', async () => {
    const { name } = await startRaw((socket, connection) => {
      let requests = 0;
      socket.on('data', () => {
        requests += 1;
        if (connection === 1 && requests === 2) socket.resetAndDestroy();
        else socket.write(OK);
      });
    });
    const wire = openWire(name);
    expect([await ask(wire), await ask(wire)]).toEqual(['ok', 'ok']);
  });

  it('opens no more than 32 connections, and lets the others wait', async () => {
    let connections = 0;
    const waiting: Socket[] = [];
    const { name } = await startRaw((socket) => {
      connections += 1;
      socket.on('data', () => waiting.push(socket));
    });
    const wire = openWire(name);
    const asked = Array.from({ length: 40 }, () => ask(wire));
    await expect.poll(() => waiting.length).toBe(32);
    for (const socket of waiting.splice(0)) socket.write(OK);
    await expect.poll(() => waiting.length).toBe(8);
    for (const socket of waiting.splice(0)) socket.write(OK);
    expect(new Set(await Promise.all(asked))).toEqual(new Set(['ok']));
    expect(connections).toBe(32);
  });

  it.each<readonly [name: string, times: Partial<WireTimes>, answer: string, words: string]>([
    ['no answer in time', { head: 50 }, '', 'does not answer in time'],
    ['a body that stalls', { idle: 50 }, 'HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf', 'stalled'],
  ])('gives up %s', async (_name, times, answer, words) => {
    const { name } = await startRaw(answering(answer));
    await expect(ask(openWire(name, times))).rejects.toThrow(words);
  });

  it('does not take a reader at work for a body that stalls', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const body = Buffer.alloc(16_000_000, 'x');
    const sockets: Socket[] = [];
    const { name } = await startRaw((socket) => {
      sockets.push(socket);
      socket.on('data', () => {
        socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n`);
        for (let at = 0; at < body.length; at += 100_000) socket.write(body.subarray(at, at + 100_000));
      });
    });
    const wire = openWire(name);
    let got = 0;
    for await (const piece of (await wire.send(get(wire))).pieces()) {
      if (got === 0) {
        await isQuiet(() => sockets[0]?.writableLength);
        await vi.advanceTimersByTimeAsync(600_000);
      }
      got += piece.length;
    }
    expect(got).toBe(body.length);
  });

  it('ends with the signal, before the answer and in it', async () => {
    for (const answer of ['', 'HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf']) {
      const stop = new AbortController();
      const { name } = await startRaw((socket) =>
        socket.on('data', () => {
          socket.write(answer);
          setImmediate(() => stop.abort(new Error('stopped')));
        }),
      );
      await expect(ask(openWire(name), { signal: stop.signal })).rejects.toThrow('stopped');
    }
  });

  it.each<readonly [name: string, headers: Record<string, string>, pieces: readonly string[], sent: RegExp]>([
    ['of known length', { 'content-length': '7' }, ['one', 'more'], /content-length: 7\r\n\r\nonemore$/],
    ['of unknown length', {}, ['one', '', 'more'], /chunked\r\n\r\n3\r\none\r\n4\r\nmore\r\n0\r\n\r\n$/],
  ])('sends a body %s', async (_name, headers, pieces, sent) => {
    let text = '';
    const { name } = await startRaw((socket) =>
      socket.on('data', (piece: Buffer) => {
        text += piece.toString('latin1');
        if (sent.test(text)) socket.write(OK);
      }),
    );
    const body = (async function* () {
      for (const piece of pieces) yield Buffer.from(piece);
    })();
    expect(await ask(openWire(name), { method: 'PATCH', headers, body })).toBe('ok');
  });

  it.each([
    ['fewer', ['on']],
    ['more', ['one', 'more']],
  ] as const)('does not send %s bytes than it says', async (_name, pieces) => {
    const { name } = await startRaw((socket) => socket.on('data', () => undefined));
    const body = (async function* () {
      for (const piece of pieces) yield Buffer.from(piece);
    })();
    await expect(
      ask(openWire(name), { method: 'PATCH', headers: { 'content-length': '4' }, body }),
    ).rejects.toThrow('ERR_BODY_LENGTH');
  });

  it('takes an answer that comes before the request has ended, and ends its source', async () => {
    const { name } = await startRaw((socket) =>
      socket.once('data', () => socket.write('HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\n\r\n')),
    );
    let isEnded = false;
    const body = (async function* () {
      try {
        for (;;) {
          yield Buffer.alloc(65_536);
        }
      } finally {
        isEnded = true;
      }
    })();
    const wire = openWire(name);
    const { status } = await wire.send(get(wire, { method: 'PATCH', body }));
    expect(status).toBe(413);
    await expect.poll(() => isEnded).toBe(true);
  });

  it('sends no field that would be two', async () => {
    const { name } = await startRaw(answering(OK));
    await expect(ask(openWire(name), { headers: { range: 'bytes=0-\r\nhost: elsewhere' } })).rejects.toThrow(
      'ERR_FIELD_INVALID',
    );
  });
});
