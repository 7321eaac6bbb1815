import { createServer, connect, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createConnections, type Connections } from '../../../src/images/client/wire/connections.ts';

/** Connections, one at most, to a server that says nothing. */
async function open(): Promise<Connections> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => void sockets.add(socket.on('error', () => undefined)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const connections = createConnections(
    (onread) => connect({ port, host: '127.0.0.1', onread }),
    1,
    () => performance.now(),
  );
  onTestFinished(() => {
    connections.close();
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return connections;
}

describe('who waits for a connection', () => {
  it('leaves with the signal, and holds up nobody', async () => {
    const connections = await open();
    const first = await connections.take();
    const leave = new AbortController();
    const gone = Array.from({ length: 100 }, () => connections.take(leave.signal));
    const next = connections.take(new AbortController().signal);
    leave.abort(new Error('gone'));
    const failed = await Promise.allSettled(gone);
    expect(new Set(failed.map(({ status }) => status))).toEqual(new Set(['rejected']));
    first.abandon();
    expect(await next).not.toBe(first);
  });

  it('is not there at all after the signal', async () => {
    const connections = await open();
    await expect(connections.take(AbortSignal.abort(new Error('gone')))).rejects.toThrow('gone');
    expect(connections.isBusy).toBe(false);
  });
});
