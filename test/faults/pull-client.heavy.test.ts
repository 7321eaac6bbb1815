import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { useScriptedGate } from './scripted-gate.ts';
import { BLOB, eventually, head, openClient, type Client } from './scripted-backend.ts';

const scripted = useScriptedGate();

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const IN_CHUNKS = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';
const LARGE = 'HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n';

/** How far the answer of the backend is when the client leaves, and what the client has seen of it by then. */
const POINTS: readonly (readonly [string, string, string])[] = [
  ['before the answer', '', ''],
  ['in the status line', 'HTTP/1.1 20', ''],
  ['in the head', 'HTTP/1.1 200 OK\r\nContent-Len', ''],
  ['after interim answers', 'HTTP/1.1 103 Hints\r\n\r\n', ''],
  ['after the head, which waits for a body', 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n', ''],
  ['in a small body', 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello', 'hello'],
  ['in a large body', `${LARGE}${'x'.repeat(100_000)}end`, 'xend'],
  ['before a chunk', IN_CHUNKS, ''],
  ['in the size of a chunk', `${IN_CHUNKS}5\r\nhello\r\n1`, 'hello'],
  ['in a chunk', `${IN_CHUNKS}ffff\r\nhello`, 'hello'],
  ['before the end of a chunk', `${IN_CHUNKS}5\r\nhello`, 'hello'],
  ['in the trailers', `${IN_CHUNKS}5\r\nhello\r\n0\r\nX-Sum`, 'hello'],
];
const LEAVE: Readonly<Record<string, (client: Client) => void>> = {
  closes: (client) => client.close(),
  resets: (client) => client.reset(),
};
const TIMES = 5;

describe('a client that leaves at any point of a pull', () => {
  for (const [name, bytes, seen] of POINTS) {
    it.each(Object.entries(LEAVE))(
      `${name}; it %s: the backend is left, and nothing stays`,
      async (_how, leave) => {
        const before = sockets();
        for (let nth = 0; nth < TIMES; nth += 1) {
          const visits = scripted.backend.visits.length;
          let asked = false;
          scripted.script = (visit) => visit.socket.write(bytes, () => (asked = true));
          const client = await openClient(scripted.gate);
          client.ask('GET', BLOB);
          await eventually('it is asked', () => asked && client.text().includes(seen));
          leave(client);
          await eventually('the backend is left', () => scripted.backend.visits.at(-1)?.end() !== 'open');
          // Its own half is still open.
          scripted.backend.visits.at(-1)?.socket.destroy();
          expect(scripted.backend.visits.length - visits).toBe(1);
        }
        await eventually('all sockets are gone', () => sockets() <= before);
      },
    );
  }

  it('in the head of its request: the backend is not asked', async () => {
    const visits = scripted.backend.visits.length;
    const whole = head('GET', BLOB, `Authorization: ${scripted.gate.authorization}`);
    for (let at = 1; at < whole.length; at += 7) {
      const client = await openClient(scripted.gate);
      client.send(whole.slice(0, at));
      client.close();
    }
    scripted.script = (visit) => void visit.socket.write(OK);
    const client = await openClient(scripted.gate);
    client.ask('GET', BLOB);
    expect(await client.answer()).toMatchObject({ status: 200 });
    expect(scripted.backend.visits.length - visits).toBe(1);
    client.close();
  });

  it('in the middle of a hundred large pulls, again and again: the memory for buffers stays what it was', async () => {
    const piece = Buffer.alloc(65_536, 'x');
    scripted.script = ({ socket }) => {
      const fill = (): void => {
        while (socket.writable && socket.write(piece)) continue;
      };
      socket.on('drain', fill);
      socket.write(LARGE);
      fill();
    };
    const round = async (): Promise<number> => {
      const clients = await Promise.all(Array.from({ length: 25 }, () => openClient(scripted.gate)));
      for (const client of clients) client.ask('GET', BLOB);
      await eventually('all pulls run', () => clients.every((client) => client.received() > 1_000_000));
      for (const [nth, client] of clients.entries()) (nth % 2 === 0 ? client.reset : client.close)();
      await eventually('the backend is left', () => scripted.backend.open() === 0);
      return buffersAfterCollection();
    };
    const first = await round();
    const later = [await round(), await round(), await round()];
    // The buffers of one round are 25 times half a megabyte; if they leaked, each round would add as much.
    expect(Math.min(...later) - first).toBeLessThan(8 * 1024 * 1024);
  });
});

function sockets(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;
}

function buffersAfterCollection(): number {
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  collect();
  return process.memoryUsage().arrayBuffers;
}
