import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, expect, it } from 'vitest';
import { endConnection, replaceEnd, withholdDestroy } from '../../../src/lib/node/end-of-connection.ts';
import { wireBelow } from '../../../src/lib/node/tls-wire.ts';
import { eventually } from '../../faults/scripted-backend.ts';
import { httpsServer, Opened, turns } from './support.ts';

const opened = new Opened();
afterEach(() => opened.close());

it('an HTTP server ends a connection after its last answer by destroySoon', async () => {
  const server = createServer((_req, res) => void res.setHeader('Connection', 'close').end('answer'));
  const port = await opened.listen(server);
  const accepted = once(server, 'connection');
  const client = opened.connect(port);
  const [socket] = (await accepted) as [Socket];
  let ends = 0;
  const endNow = replaceEnd(socket, () => void (ends += 1));
  client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  await eventually('the call of destroySoon: see resOnFinish in lib/_http_server.js', () => ends === 1);
  await turns();
  expect(socket.writableEnded, 'the server ends the connection in another way').toBe(false);
  endConnection(socket);
  expect(ends).toBe(2);
  endNow();
  expect(await text(client)).toContain('answer');
});

it('Node calls destroy of the TCP socket when a TLS handshake fails', async () => {
  const server = await httpsServer();
  const client = opened.connect(await opened.listen(server));
  let allow: (() => void) | undefined;
  const failed = new Promise<Socket>((resolve, reject) => {
    server.on('tlsClientError', (_error, socket) => {
      const wire = wireBelow(socket);
      if (wire === undefined) reject(new Error('no TCP socket'));
      else {
        allow = withholdDestroy(wire);
        wire.end('last words');
        resolve(wire);
      }
    });
  });
  client.write('GET / HTTP/1.1\r\n\r\n');
  const wire = await failed;
  expect(await text(client), 'the socket is destroyed in another way than by destroy').toBe('last words');
  expect(wire.destroyed).toBe(false);
  allow?.();
  wire.destroy();
  expect(wire.destroyed).toBe(true);
});
