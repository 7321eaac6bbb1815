import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { handleDeferredWriteErrors } from '../../../src/lib/node/deferred-write-errors.ts';
import { Opened } from './support.ts';

const opened = new Opened();
afterEach(() => opened.close());

it.each([
  ['_write', 1],
  ['_writev', 2],
])(
  'a socket writes through its own %s, and is destroyed by what its callback is given',
  async (_name, writes) => {
    const server = createServer((socket) => void socket.end('answer'));
    const client = opened.connect(await opened.listen(server));
    await once(client, 'connect');
    const events: string[] = [];
    const broken = Object.assign(new Error('write EPIPE'), { code: 'EPIPE' });
    client._write = (_chunk, _encoding, done) => done(broken);
    client._writev = (_chunks, done) => done(broken);
    handleDeferredWriteErrors(client);
    const closed = new Promise((resolve) => void client.on('close', resolve));
    client.on('error', (error) => events.push(error.message));
    client.cork();
    for (let write = 0; write < writes; write += 1) client.write('body');
    client.uncork();
    client.on('data', (chunk: Buffer) => events.push(chunk.toString()));
    await closed;
    expect(
      events,
      'a failed write no longer waits for what has arrived: see lib/internal/streams/writable.js',
    ).toEqual(['answer', 'write EPIPE']);
  },
);
