import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { afterEach, expect, it } from 'vitest';
import { drainSocket } from '../../../src/lib/node/drain-socket.ts';
import { eventually } from '../../faults/scripted-backend.ts';
import { Opened } from './support.ts';

const opened = new Opened();
afterEach(() => opened.close());

const BYTES = 4 * 1024 * 1024;

it('a listener of data takes a connection back from the parser, even where that has stopped at a body', async () => {
  let requests = 0;
  const server = createServer(() => (requests += 1));
  const client = opened.connect(await opened.listen(server));
  const asked = once(server, 'request');
  client.write(`PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: ${BYTES}\r\n\r\n`);
  const [{ socket }] = (await asked) as [IncomingMessage];
  let chunks = 0;
  drainSocket(socket, () => (chunks += 1));
  const next = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
  client.write(Buffer.concat([Buffer.alloc(BYTES), Buffer.from(next)]));
  await eventually(
    'the reading of all that is sent, which stops at the body: see unconsume in lib/_http_server.js',
    () => socket.bytesRead > BYTES + next.length,
  );
  expect(chunks, 'what comes goes to the parser').toBeGreaterThan(0);
  expect(requests, 'the parser still reads').toBe(1);
});
