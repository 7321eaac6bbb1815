import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { queuedBytes } from '../../../src/lib/node/queued-bytes.ts';
import { Opened } from './support.ts';

const opened = new Opened();
afterEach(() => opened.close());

const BYTES = 64 * 1024 * 1024;

it('a socket tells in _handle.writeQueueSize how much of a write the kernel has not taken', async () => {
  const server = createServer({ pauseOnConnect: true });
  const port = await opened.listen(server);
  const accepted = once(server, 'connection');
  const client = opened.connect(port);
  await once(client, 'connect');
  const [reader] = (await accepted) as [Socket];
  const written = new Promise((resolve) => void client.write(Buffer.alloc(BYTES), resolve));
  expect(client.bytesWritten, 'bytesWritten counts what is queued: if it no longer does, drop this').toBe(
    BYTES,
  );
  expect(
    queuedBytes(client),
    'Node.js has no _handle.writeQueueSize: see src/stream_wrap.cc',
  ).toBeGreaterThan(0);
  reader.resume();
  await written;
  expect(queuedBytes(client)).toBe(0);
});
