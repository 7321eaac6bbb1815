import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { get } from './cases/hostile-case.ts';
import { useCaseFixture } from './run-cases.ts';

/** Sends a byte at a time, as long as it is let. */
function drip(socket: Socket, text: string): void {
  let at = 0;
  const timer = setInterval(() => {
    if (socket.destroyed || at >= text.length) clearInterval(timer);
    else socket.write(text[(at += 1) - 1] ?? '');
  }, 50);
  socket.once('close', () => clearInterval(timer));
}

const HEAD = `GET /v2/ HTTP/1.1\r\nHost: localhost\r\nX-Long: ${'x'.repeat(2000)}`;

const SLOW: Readonly<Record<string, (port: number) => Socket>> = {
  'says nothing at all': (port) => connectTcp({ port, host: '127.0.0.1' }),
  'sends its hello byte by byte': (port) => {
    const socket = connectTcp({ port, host: '127.0.0.1' });
    drip(socket, `\u0016\u0003\u0001\u0001\u0000${'\u0001'.repeat(2000)}`);
    return socket;
  },
  'says nothing after the handshake': (port) => overTls(port, () => undefined),
  'sends its head byte by byte': (port) => overTls(port, (socket) => drip(socket, HEAD)),
  'sends empty lines instead of a head': (port) =>
    overTls(port, (socket) => drip(socket, '\r\n'.repeat(1000))),
  'stops within its head': (port) => overTls(port, (socket) => void socket.write(HEAD)),
  'says nothing after its answer': (port) =>
    overTls(port, (socket) => void socket.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n')),
};

function overTls(port: number, act: (socket: Socket) => void): Socket {
  const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false }, () => act(socket));
  return socket;
}

describe('R113: a client that takes its time', () => {
  const fixture = useCaseFixture({
    timeouts: { headerSeconds: 1, handshakeSeconds: 1, keepAliveSeconds: 1 },
  });
  const open: Socket[] = [];
  afterEach(() => {
    for (const socket of open.splice(0)) socket.destroy();
  });

  it.each(Object.entries(SLOW))('and %s loses its connection, and nobody else does', async (_name, begin) => {
    const socket = begin(fixture().gate.port);
    open.push(socket);
    socket.on('error', () => undefined).resume();
    await new Promise<void>((resolve) => socket.once('close', () => resolve()));
    const { answers } = await fixture().send(get('/v2/', 'Connection: close'));
    expect(answers.map(({ status }) => status)).toEqual([200]);
    const requests = (await fixture().wire()).flatMap((recorded) => recorded.requests);
    expect(requests.map(({ target }) => target)).toEqual(['/v2/']);
  });
});
