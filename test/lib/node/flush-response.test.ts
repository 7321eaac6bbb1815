import { createServer, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from 'vitest';
import { flushResponse } from '../../../src/lib/node/flush-response.ts';
import { Opened } from './support.ts';

const opened = new Opened();
afterEach(() => opened.close());

/** What a client receives of an answer whose connection is cut in the turn in which it has begun. */
async function received(write: (res: ServerResponse) => void): Promise<string> {
  const server = createServer((_req, res) => {
    write(res);
    res.destroy();
  });
  const client = opened.connect(await opened.listen(server));
  client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  return text(client);
}

const head = (res: ServerResponse): unknown => res.writeHead(200, { 'Content-Length': 10 });
const half = (res: ServerResponse): unknown => res.writeHead(200, { 'Content-Length': 10 }).write('half');

describe('an answer that is cut in the turn in which it has begun', () => {
  it.each([
    ['a head', head, /^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\n$/],
    ['a head and a part of the body', half, /^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\nhalf$/],
  ])('reaches the client once it is flushed: %s', async (_name, write, expected) => {
    const came = await received((res) => {
      write(res);
      flushResponse(res);
    });
    expect(came, 'the socket is held back in another way than by cork: see lib/_http_outgoing.js').toMatch(
      expected,
    );
  });

  it.each([
    ['a head', head],
    ['a head and a part of the body', half],
  ])('is lost otherwise: %s', async (_name, write) => {
    expect(await received(write), 'Node.js writes at once: flushResponse can go').toBe('');
  });
});
