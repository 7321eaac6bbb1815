import { Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { Config } from '../../src/config/schema/schema.ts';
import { startTestGate, type TestGate } from '../support/test-gate.ts';
import { BLOB, eventually, exchanges, openClient, startBackend, UPLOAD } from './scripted-backend.ts';
import type { Backend, BackendPlace, Client, Visit } from './scripted-backend.ts';

const PIECE = Buffer.alloc(65_536, 'x');
const OK = 'HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n';
const ENDLESS = 'HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n';

let open: { close(): Promise<void> | void }[] = [];
afterEach(async () => {
  for (const one of open.toReversed()) await one.close();
  open = [];
});

const NONE: Visit = {
  socket: new Socket(),
  number: -1,
  text: () => '',
  received: () => 0,
  end: () => 'open',
};

interface ScriptedGate {
  readonly gate: TestGate;
  readonly backend: Backend;
  readonly client: Client;
  /** The connection that the backend got last; a stand-in for none before. */
  visit(): Visit;
}

async function fixture(
  timeouts: Partial<Config['timeouts']>,
  onHead: (visit: Visit) => void = () => undefined,
  place: BackendPlace = {},
): Promise<ScriptedGate> {
  const backend = await startBackend(onHead, place);
  open.push(backend);
  const gate = await startTestGate({ backend: backend.url, timeouts });
  open.push(gate);
  const client = await openClient(gate);
  open.push(client);
  const visit = (): Visit => backend.visits.at(-1) ?? NONE;
  return { gate, backend, client, visit };
}

/** Writes as long as it is taken; tells how much that was. */
function pour(socket: Visit['socket']): () => number {
  let written = 0;
  const fill = (): void => {
    let goesOn = true;
    while (goesOn && socket.writable) {
      goesOn = socket.write(PIECE);
      written += PIECE.length;
    }
  };
  socket.on('drain', fill);
  fill();
  return () => written;
}

/** Does something a number of times, each after the clock has moved on. */
async function every(ms: number, times: number, act: (nth: number) => void): Promise<void> {
  for (let nth = 0; nth < times; nth += 1) {
    act(nth);
    await new Promise((resolve) => setTimeout(resolve, ms));
  }
}

/** The amount that no longer changes between looks. */
async function settled(amount: () => number): Promise<number> {
  let last = -1;
  let same = 0;
  await eventually('it stands still', () => {
    same = amount() === last ? same + 1 : 0;
    last = amount();
    return same >= 8 && last > 0;
  });
  return last;
}

describe('an upload', () => {
  for (const isChunked of [false, true]) {
    const form = isChunked ? 'Transfer-Encoding: chunked' : 'Content-Length: 1000000';

    it(`R112: that stands still is cut with 408, and the backend left: ${form}`, async () => {
      const { gate, client, visit } = await fixture({ bodyIdleSeconds: 0.3 });
      client.ask('PATCH', UPLOAD, form);
      client.send(isChunked ? '5\r\nhello\r\n' : 'hello');
      expect(await client.answer()).toMatchObject({ status: 408 });
      await client.ended();
      await eventually('the backend is left', () => visit().end() !== 'open');
      expect(visit().text()).toContain('hello');
      expect(visit().text()).not.toMatch(/\r\n0\r\n\r\n$/);
      expect(exchanges(gate)[0]).toMatchObject({ status: 408, error: 'BLOB_UPLOAD_INVALID', received: 5 });
    });

    it(`that never begins is cut with 408: ${form}`, async () => {
      const { client } = await fixture({ bodyIdleSeconds: 0.3 });
      client.ask('PATCH', UPLOAD, form);
      expect(await client.answer()).toMatchObject({ status: 408 });
    });

    it(`R112: that is slow but moves is not cut: ${form}`, async () => {
      const { client, visit } = await fixture({ bodyIdleSeconds: 0.4 });
      client.ask('PATCH', UPLOAD, isChunked ? form : 'Content-Length: 20');
      await every(80, 20, () => client.send(isChunked ? '1\r\nx\r\n' : 'x'));
      if (isChunked) client.send('0\r\n\r\n');
      await eventually('the body is in', () => /(?:x\r\n0\r\n\r\n|x{20})$/.test(visit().text()));
      visit().socket.write(OK);
      expect(await client.answer()).toMatchObject({ status: 201 });
    });
  }

  it('R115: is waited for after its end, though the client is silent: the registry is busy', async () => {
    const { client, visit } = await fixture({
      bodyIdleSeconds: 0.2,
      sendIdleSeconds: 0.2,
      backendSeconds: 60,
    });
    client.ask('PATCH', UPLOAD, 'Content-Length: 5');
    client.send('hello');
    await eventually('the body is in', () => visit().text().endsWith('hello'));
    await every(100, 10, () => expect(client.end()).toBe('open'));
    visit().socket.write(OK);
    expect(await client.answer()).toMatchObject({ status: 201 });
  });

  it('that the backend does not read is the silence of the backend: 504, and no more than buffers are taken', async () => {
    const { client, gate } = await fixture({ bodyIdleSeconds: 0.2, backendSeconds: 1 }, undefined, {
      reads: false,
    });
    client.ask('PATCH', UPLOAD, 'Content-Length: 1000000000');
    const sent = pour(client.socket);
    const stood = await settled(sent);
    expect(client.text()).toBe('');
    expect(await client.answer()).toMatchObject({ status: 504 });
    expect(stood).toBeLessThan(64_000_000);
    await eventually('it is logged', () => exchanges(gate).length > 0);
    expect(exchanges(gate)[0]).toMatchObject({ status: 504, error: 'UNAVAILABLE' });
  });

  it('that the backend reads slowly is not cut', async () => {
    const { client, visit } = await fixture({ bodyIdleSeconds: 2, backendSeconds: 2 }, undefined, {
      reads: false,
    });
    const size = 20_000_000;
    client.ask('PATCH', UPLOAD, `Content-Length: ${size}`);
    client.socket.write(Buffer.alloc(size, 'x'));
    await eventually('the backend is asked', () => visit() !== NONE);
    let read = 0;
    visit().socket.on('data', (chunk: Buffer) => (read += chunk.length));
    visit().socket.pause();
    await every(100, 40, () => {
      const until = read + 300_000;
      const { socket } = visit();
      socket.on('data', function stop() {
        if (read < until) return;
        socket.pause();
        socket.off('data', stop);
      });
      socket.resume();
    });
    expect(client.text()).toBe('');
    visit().socket.resume();
    await eventually('the body is in', () => read > size);
    visit().socket.write(OK);
    expect(await client.answer()).toMatchObject({ status: 201 });
  });
});

describe('a download', () => {
  it('R114: that the client does not read is cut, the backend left, and no more than buffers are taken', async () => {
    let poured = (): number => 0;
    const { client, gate, visit } = await fixture(
      { sendIdleSeconds: 0.5, backendSeconds: 60 },
      ({ socket }) => {
        socket.write(ENDLESS);
        poured = pour(socket);
      },
    );
    client.socket.pause();
    client.ask('GET', BLOB);
    const stood = await settled(() => poured());
    expect(stood).toBeLessThan(64_000_000);
    await eventually('the backend is left', () => visit().end() !== 'open');
    await eventually('it is logged', () => exchanges(gate).length > 0);
    expect(exchanges(gate)[0]).toMatchObject({ status: 200, outcome: 'cut', error: 'UNAVAILABLE' });
  });

  it('that the client reads slowly is not cut', async () => {
    const { client, gate } = await fixture({ sendIdleSeconds: 2 }, ({ socket }) => {
      socket.write(ENDLESS);
      pour(socket);
    });
    client.socket.pause();
    client.ask('GET', BLOB);
    await every(100, 40, () => {
      const until = client.received() + 1_500_000;
      client.socket.on('data', function stop() {
        if (client.received() < until) return;
        client.socket.pause();
        client.socket.off('data', stop);
      });
      client.socket.resume();
    });
    expect(client.end()).toBe('open');
    expect(exchanges(gate)).toEqual([]);
  });

  it('that the backend breaks off with silence is cut', async () => {
    const { client, gate, visit } = await fixture(
      { backendSeconds: 0.3 },
      ({ socket }) => void socket.write(`${ENDLESS}some`),
    );
    client.ask('GET', BLOB);
    await client.ended();
    expect(client.text()).toMatch(/some$/);
    await eventually('the backend is left', () => visit().end() !== 'open');
    expect(exchanges(gate)[0]).toMatchObject({ status: 200, outcome: 'cut', error: 'UNAVAILABLE', sent: 4 });
  });

  it('that comes slowly is not cut', async () => {
    const { client, visit } = await fixture(
      { backendSeconds: 2 },
      ({ socket }) => void socket.write('HTTP/1.1 200 OK\r\nContent-Length: 41\r\n\r\nx'),
    );
    client.ask('GET', BLOB);
    await eventually('the answer begins', () => client.text() !== '');
    await every(100, 40, () => visit().socket.write('x'));
    expect(await client.answer()).toMatchObject({ status: 200, body: 'x'.repeat(41) });
  });
});
