import { once } from 'node:events';
import { createServer } from 'node:net';
import type { Socket } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { keepPeerAddress } from '../../../src/lib/node/peer-address.ts';
import { Opened } from './support.ts';

const opened = new Opened();
afterEach(() => opened.close());

it.each([
  [
    'asked for before',
    keepPeerAddress,
    '127.0.0.1',
    'remoteAddress is not kept: see _getpeername in lib/net.js',
  ],
  ['not asked for', () => undefined, undefined, 'a closed socket knows its address: keepPeerAddress can go'],
])('a closed socket has the address of its peer where it was %s', async (_name, before, address, message) => {
  const server = createServer();
  const port = await opened.listen(server);
  const accepted = once(server, 'connection');
  const client = opened.connect(port);
  const [socket] = (await accepted) as [Socket];
  before(socket);
  socket.resume();
  const closed = once(socket, 'close');
  client.destroy();
  socket.destroy();
  await closed;
  expect(socket.remoteAddress, message).toBe(address);
});
