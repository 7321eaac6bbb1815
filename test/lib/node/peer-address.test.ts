import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { keepPeerAddress } from '../../../src/lib/node/peer-address.ts';
import { Opened } from './support.ts';

const opened = new Opened();
afterEach(() => opened.close());

/** A socket that has closed after `before` was called with it. */
async function closedSocket(before: (socket: Socket) => void): Promise<Socket> {
  const server = createServer();
  const port = await opened.listen(server);
  const accepted = once(server, 'connection');
  opened.connect(port);
  const [socket] = (await accepted) as [Socket];
  before(socket);
  const closed = once(socket, 'close');
  socket.destroy();
  await closed;
  return socket;
}

it('a socket keeps the address of its peer once it was asked for it', async () => {
  const { remoteAddress } = await closedSocket(keepPeerAddress);
  expect(remoteAddress, 'remoteAddress is not kept: see _getpeername in lib/net.js').toBe('127.0.0.1');
});

it('a closed socket that was not asked before does not know the address', async () => {
  const { remoteAddress } = await closedSocket(() => undefined);
  expect(remoteAddress, 'a closed socket knows the address: keepPeerAddress can go').toBeUndefined();
});
