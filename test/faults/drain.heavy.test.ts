import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Config } from '../../src/config/schema/schema.ts';
import { startTestGate, type TestGate } from '../support/test-gate.ts';
import { BLOB, eventually, exchanges, head, openClient, startBackend, UPLOAD } from './scripted-backend.ts';
import type { Backend, Client, Visit } from './scripted-backend.ts';

let gate: TestGate;
let backend: Backend;
let clients: Client[] = [];
let script: (visit: Visit, head: string) => void;

async function fixture(timeouts: Partial<Config['timeouts']> = {}): Promise<void> {
  gate = await startTestGate({ backend: backend.url, timeouts: { drainSeconds: 20, ...timeouts } });
}

async function client(): Promise<Client> {
  const opened = await openClient(gate);
  clients.push(opened);
  return opened;
}

beforeEach(async () => {
  script = (visit) => void visit.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
  backend = await startBackend((visit, text) => script(visit, text));
});
afterEach(async () => {
  for (const one of clients) one.close();
  clients = [];
  await gate.close();
  await backend.close();
});

/** Begins to stop; tells whether it has ended. */
function stop(): { readonly done: Promise<void>; isDone(): boolean } {
  let isDone = false;
  const done = gate.gate.stop().then(() => void (isDone = true));
  return { done, isDone: () => isDone };
}

async function isRefused(): Promise<boolean> {
  const socket = connect(gate.port, '127.0.0.1');
  const connected = once(socket, 'connect').then(
    () => false,
    () => true,
  );
  const refused = await connected;
  socket.destroy();
  return refused;
}

describe('a gate that is told to stop', () => {
  it('lets a pull end, and ends its connection with it', async () => {
    await fixture();
    script = (visit) => void visit.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfive.');
    const one = await client();
    one.ask('GET', BLOB);
    await eventually('the pull runs', () => one.text().includes('five.'));
    const stopping = stop();
    expect(await isRefused()).toBe(true);
    expect(stopping.isDone()).toBe(false);
    backend.visits[0]?.socket.write('more.');
    expect(await one.answer()).toMatchObject({ status: 200, body: 'five.more.' });
    await one.ended();
    await stopping.done;
  });

  it('lets a push end, and says Connection: close', async () => {
    await fixture();
    script = () => undefined;
    const one = await client();
    one.ask('PATCH', UPLOAD, 'Content-Length: 10');
    one.send('five.');
    await eventually('the push runs', () => backend.visits[0]?.text().endsWith('five.') === true);
    const stopping = stop();
    one.send('more.');
    await eventually('it is in', () => backend.visits[0]?.text().endsWith('five.more.') === true);
    backend.visits[0]?.socket.write('HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n');
    const answer = await one.answer();
    expect([answer.status, answer.header('connection')]).toEqual([202, 'close']);
    await one.ended();
    await stopping.done;
  });

  it('ends idle connections, soon but not at once: the next request may be on its way', async () => {
    await fixture();
    const one = await client();
    one.ask('GET', '/v2/');
    await one.answer();
    const two = await client();
    two.ask('GET', '/v2/');
    await two.answer();
    const stopping = stop();
    two.ask('GET', '/v2/');
    expect((await two.answer(1)).header('connection')).toBe('close');
    await two.ended();
    await one.ended();
    await stopping.done;
    expect(one.text().match(/HTTP\/1\.1/g)).toHaveLength(1);
  });

  it('says so on its health page, on a connection that was there before', async () => {
    await fixture();
    const one = await client();
    const stopping = stop();
    one.send(head('GET', '/healthz'));
    expect(await one.answer()).toMatchObject({ status: 503, body: 'draining\n' });
    expect(one.answers()[0]?.header('connection')).toBe('close');
    await one.ended();
    await stopping.done;
  });

  it('gives a head that is on its way the time that a head has, and no more to the silent', async () => {
    await fixture({ headerSeconds: 5 });
    const slow = await client();
    const silent = await client();
    const bare = connect(gate.port, '127.0.0.1').on('error', () => undefined);
    await once(bare, 'connect');
    slow.send('GET /healthz HTTP/1.1\r\n');
    const stopping = stop();
    slow.send('Host: registry.test\r\n\r\n');
    expect(await slow.answer()).toMatchObject({ status: 503 });
    await silent.ended();
    await stopping.done;
    expect(silent.text()).toBe('');
    bare.destroy();
  });

  it('does not wait for connections in reserve, while a head is on its way', async () => {
    await fixture();
    const [slow, spare] = [await client(), await client()];
    slow.send('GET /healthz HTTP/1.1\r\n');
    const stopping = stop();
    slow.send('Accept: text/plain\r\n');
    await spare.ended();
    slow.send('Host: registry.test\r\n\r\n');
    expect(await slow.answer()).toMatchObject({ status: 503 });
    await stopping.done;
    expect(spare.text()).toBe('');
  });

  it('cuts what has not ended within the drain time, and does not call that the fault of the client', async () => {
    await fixture({ drainSeconds: 0.3 });
    script = (visit) => void visit.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfive.');
    const one = await client();
    one.ask('GET', BLOB);
    await eventually('the pull runs', () => one.text().includes('five.'));
    await stop().done;
    await one.ended();
    expect(one.answers()).toEqual([]);
    expect(exchanges(gate).at(-1)).toMatchObject({ outcome: 'cut', error: 'UNAVAILABLE' });
  });

  it('cuts everything at the second word', async () => {
    await fixture();
    script = () => undefined;
    const one = await client();
    one.ask('GET', BLOB);
    one.ask('GET', BLOB);
    const two = await client();
    const bare = connect(gate.port, '127.0.0.1').on('error', () => undefined);
    await once(bare, 'connect');
    await eventually('the pull runs', () => backend.visits.length === 1);
    const stopping = stop();
    gate.gate.stopNow();
    await stopping.done;
    await Promise.all([one.ended(), two.ended()]);
    expect(backend.open()).toBe(0);
    bare.destroy();
  });
});
