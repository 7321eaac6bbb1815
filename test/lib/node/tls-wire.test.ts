import { once } from 'node:events';
import type { Socket } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { wireBelow, wireOf } from '../../../src/lib/node/tls-wire.ts';
import { httpsServer, Opened } from './support.ts';

const opened = new Opened();
afterEach(() => opened.close());

it('a TLS socket keeps the TCP socket below it in _parent', async () => {
  const server = await httpsServer();
  const port = await opened.listen(server);
  const accepted = once(server, 'connection');
  const secured = once(server, 'secureConnection');
  opened.connectTls(port);
  const [wire] = (await accepted) as [Socket];
  const [socket] = (await secured) as [Socket];
  expect(wireBelow(socket), 'Node.js has another name for _parent: see lib/internal/tls/wrap.js').toBe(wire);
  expect([wireOf(socket), wireOf(wire)]).toEqual([wire, wire]);
});
