import { describe, expect, it } from 'vitest';
import { useScriptedGate } from './scripted-gate.ts';
import { BLOB, eventually, exchanges, head, openClient, type Visit } from './scripted-backend.ts';
import { AT_ONCE_MS } from '../support/patience.ts';

const scripted = useScriptedGate();

/** Node.js warns of the eleventh listener of a kind. */
const TIMES = 20;
const WITH_LENGTH = 'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n';
const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';
const UNTIL_CLOSE = 'HTTP/1.0 200 OK\r\n\r\n';
const FILLING = 'x'.repeat(500);

const BROKEN: readonly {
  readonly name: string;
  readonly bytes: string;
  readonly end: (visit: Visit) => void;
}[] = [
  { name: 'a length, closed short', bytes: WITH_LENGTH + FILLING, end: (visit) => visit.socket.end() },
  {
    name: 'a length, reset short',
    bytes: WITH_LENGTH + FILLING,
    end: (visit) => visit.socket.resetAndDestroy(),
  },
  { name: 'a length, closed before the first byte', bytes: WITH_LENGTH, end: (visit) => visit.socket.end() },
  {
    name: 'a length, one byte short',
    bytes: WITH_LENGTH + 'x'.repeat(999),
    end: (visit) => visit.socket.end(),
  },
  {
    name: 'chunks, closed without the last',
    bytes: `${CHUNKED}1f4\r\n${FILLING}\r\n`,
    end: (visit) => visit.socket.end(),
  },
  {
    name: 'chunks, reset without the last',
    bytes: `${CHUNKED}1f4\r\n${FILLING}\r\n`,
    end: (visit) => visit.socket.resetAndDestroy(),
  },
  {
    name: 'chunks, closed within one',
    bytes: `${CHUNKED}3e8\r\n${FILLING}`,
    end: (visit) => visit.socket.end(),
  },
  {
    name: 'chunks, closed within the end',
    bytes: `${CHUNKED}1f4\r\n${FILLING}\r\n0\r\n`,
    end: (visit) => visit.socket.end(),
  },
  {
    name: 'chunks, then nonsense',
    bytes: `${CHUNKED}1f4\r\n${FILLING}\r\nnonsense\r\n`,
    end: () => undefined,
  },
];

describe('a backend that dies in the middle of its answer', () => {
  for (const { name, bytes, end } of BROKEN) {
    it(`${name}: the client is cut off`, async () => {
      let asked: Visit | undefined;
      scripted.script = (visit) => {
        visit.socket.write(bytes);
        asked = visit;
      };
      const before = exchanges(scripted.gate).length;
      const client = await openClient(scripted.gate);
      client.ask('GET', BLOB);
      await eventually('the backend answers', () => asked !== undefined);
      await eventually('the answer begins', () => bytes === WITH_LENGTH || client.text() !== '');
      end(asked!);
      await client.ended();
      expect(client.answers()).toEqual([]);
      expect(client.text()).not.toMatch(/0\r\n\r\n$/);
      expect(client.text().match(/HTTP\/1/g) ?? []).toHaveLength(1);
      await eventually('it is logged', () => exchanges(scripted.gate).length > before);
      expect(exchanges(scripted.gate).at(-1)).toMatchObject({
        status: 200,
        outcome: 'cut',
        error: 'UNAVAILABLE',
      });
    });
  }

  it('ends an answer without a length and without chunks, of which nobody can tell whether it is whole: 502', async () => {
    scripted.script = (visit) => void visit.socket.end(UNTIL_CLOSE + FILLING);
    const client = await openClient(scripted.gate);
    client.ask('GET', BLOB);
    expect(await client.answer()).toMatchObject({ status: 502 });
    client.close();
  });
});

describe('a client of HTTP/1.0, which takes the end of the connection for the end of the answer', () => {
  const ask = (): string =>
    head('GET', BLOB, `Authorization: ${scripted.gate.authorization}`).replace('HTTP/1.1', 'HTTP/1.0');

  it('is served where there is a length', async () => {
    scripted.script = (visit) => void visit.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    const client = await openClient(scripted.gate);
    client.send(ask());
    expect(await client.answer()).toMatchObject({ status: 200, body: 'ok' });
    await client.ended();
  });

  it('is sent away where there is none: 505', async () => {
    scripted.script = (visit) => void visit.socket.write(`${CHUNKED}2\r\nok\r\n0\r\n\r\n`);
    const client = await openClient(scripted.gate);
    client.send(ask());
    expect(await client.answer()).toMatchObject({ status: 505 });
    await client.ended();
  });
});

describe('a client that leaves during a pull', () => {
  /** Writes as much as is taken, without end. */
  function pour({ socket }: Visit): void {
    const piece = Buffer.alloc(65_536, 'x');
    const fill = (): void => {
      while (socket.writable && socket.write(piece)) continue;
    };
    socket.on('drain', fill);
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n');
    fill();
  }

  const LEAVING: readonly (readonly [string, boolean])[] = [
    ['with a reset', true],
    ['without one', false],
  ];
  for (const [name, isReset] of LEAVING) {
    it(`${name}: the backend is left at once, 20 times, and nothing piles up`, async () => {
      scripted.script = pour;
      const warnings: Error[] = [];
      const warn = (warning: Error): void => void warnings.push(warning);
      process.on('warning', warn);
      const before = sockets();
      const logged = exchanges(scripted.gate).length;
      for (let i = 0; i < TIMES; i += 1) {
        const client = await openClient(scripted.gate);
        client.ask('GET', BLOB);
        await eventually('the pull runs', () => client.received() > 100_000);
        if (isReset) client.reset();
        else client.close();
        await eventually('the backend is left', () => scripted.backend.open() === 0, AT_ONCE_MS);
      }
      await eventually('all sockets are gone', () => sockets() <= before);
      const lines = exchanges(scripted.gate).slice(logged);
      expect(lines.map(({ outcome }) => outcome)).toEqual(Array.from({ length: TIMES }, () => 'client-left'));
      expect(warnings).toEqual([]);
      process.off('warning', warn);
    });
  }

  it('with requests that wait in line: none of them is asked of the backend for nobody', async () => {
    scripted.script = pour;
    const client = await openClient(scripted.gate);
    for (let i = 0; i < 3; i += 1) client.ask('GET', BLOB);
    await eventually('the pull runs', () => client.received() > 100_000);
    client.close();
    await eventually('the backend is left', () => scripted.backend.open() === 0, AT_ONCE_MS);
    expect(scripted.backend.open()).toBe(0);
  });
});

function sockets(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;
}
