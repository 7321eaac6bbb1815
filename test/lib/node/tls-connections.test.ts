import { once } from 'node:events';
import type { Socket } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { takeOverConnections } from '../../../src/lib/node/tls-connections.ts';
import { eventually } from '../../faults/scripted-backend.ts';
import { httpsServer, Opened, turns } from './support.ts';

const opened = new Opened();
afterEach(() => opened.close());

it('a fresh TLS server starts TLS in its one listener of connection', async () => {
  const server = await httpsServer();
  const startTls = takeOverConnections(server);
  const client = opened.connectTls(await opened.listen(server));
  const secured = once(client, 'secureConnect');
  const [wire] = (await once(server, 'connection')) as [Socket];
  await eventually('the first bytes of the client', () => wire.bytesRead > 0);
  await turns();
  expect(wire.bytesWritten, 'TLS begins without that listener: see lib/internal/tls/wrap.js').toBe(0);
  startTls(wire);
  await secured;
});

it('refuses a server to which somebody else listens', async () => {
  const server = await httpsServer();
  server.on('connection', () => undefined);
  expect(() => takeOverConnections(server)).toThrow('not a fresh TLS server');
});
