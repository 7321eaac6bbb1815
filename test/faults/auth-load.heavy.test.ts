import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import bcrypt from 'bcrypt';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder, type Folder } from '../support/programs.ts';
import { basic, startTestGate, TEST_PASSWORD, TEST_USER, type TestGate } from '../support/test-gate.ts';
import { eventually, head, openClient, startBackend, type Backend, type Client } from './scripted-backend.ts';

const FLOOD = 50;

let folder: Folder;
let backend: Backend;
let clients: Client[] = [];
beforeAll(async () => {
  folder = await temporaryFolder('authload');
  await writeFile(join(folder.path, 'slow'), `${TEST_USER}:${await bcrypt.hash(TEST_PASSWORD, 10)}\n`, {
    mode: 0o600,
  });
  await writeFile(join(folder.path, 'fast'), `${TEST_USER}:${await bcrypt.hash(TEST_PASSWORD, 4)}\n`, {
    mode: 0o600,
  });
  backend = await startBackend(
    ({ socket }) => void socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'),
  );
});
afterAll(async () => {
  await backend.close();
  await folder.close();
});

async function withGate(
  users: 'slow' | 'fast',
  hashQueue: number,
  act: (gate: TestGate) => Promise<void>,
): Promise<void> {
  const gate = await startTestGate({
    backend: backend.url,
    limits: { hashQueue },
    config: { users: join(folder.path, users) },
    // The queue is meant, and not what keeps a flood from reaching it.
    throttle: false,
  });
  try {
    await act(gate);
  } finally {
    for (const client of clients) client.close();
    clients = [];
    await gate.close();
  }
}

async function connect(gate: TestGate, count: number): Promise<readonly Client[]> {
  const opened = await Promise.all(Array.from({ length: count }, () => openClient(gate)));
  clients.push(...opened);
  return opened;
}

function askWrongly(client: Client, nth: number): void {
  client.send(head('GET', '/v2/', `Authorization: ${basic(TEST_USER, `wrong-${nth}`)}`));
}

describe('wrong passwords', () => {
  it('hold up nobody whose password is known: all of these are answered while the flood is still waiting', async () => {
    await withGate('slow', FLOOD, async (gate) => {
      const [known, ...flood] = await connect(gate, FLOOD + 1);
      if (known === undefined) throw new Error('no client');
      known.ask('GET', '/v2/');
      expect(await known.answer()).toMatchObject({ status: 200 });
      for (const [nth, client] of flood.entries()) askWrongly(client, nth);
      for (let nth = 1; nth <= 5; nth += 1) {
        known.ask('GET', '/v2/');
        expect(await known.answer(nth)).toMatchObject({ status: 200 });
      }
      const waiting = flood.filter((client) => client.answers().length === 0).length;
      expect(waiting).toBeGreaterThan(FLOOD / 2);
      await eventually('all are refused', () => flood.every((client) => client.answers().length === 1));
      expect(new Set(flood.map((client) => client.answers()[0]?.status))).toEqual(new Set([401]));
    });
  });

  it('beyond the queue are told to come back: 503 with Retry-After, and who is known gets in', async () => {
    await withGate('slow', 2, async (gate) => {
      const [known, ...flood] = await connect(gate, 21);
      known?.ask('GET', '/v2/');
      expect(await known?.answer()).toMatchObject({ status: 200 });
      for (const [nth, client] of flood.entries()) askWrongly(client, nth);
      await eventually('all are answered', () => flood.every((client) => client.answers().length === 1));
      const busy = flood.flatMap((client) => client.answers()).filter(({ status }) => status === 503);
      expect(busy.length).toBeGreaterThan(10);
      expect(new Set(busy.map((answer) => answer.header('retry-after')))).toEqual(new Set(['5']));
      expect(new Set(busy.map((answer) => answer.header('www-authenticate')))).toEqual(new Set([undefined]));
      known?.ask('GET', '/v2/');
      expect(await known?.answer(1)).toMatchObject({ status: 200 });
    });
  });

  it('a thousand of them open no connection to the registry', async () => {
    await withGate('fast', 64, async (gate) => {
      const before = backend.visits.length;
      const opened = await connect(gate, 10);
      let asked = 0;
      for (const client of opened) {
        client.socket.on('data', () => {
          if (asked >= 1000) return;
          askWrongly(client, (asked += 1));
        });
        askWrongly(client, (asked += 1));
      }
      const answered = (): number =>
        opened.reduce((sum, client) => sum + client.text().split('HTTP/1.1 401').length - 1, 0);
      await eventually('all are refused', () => answered() >= 1000);
      expect(backend.visits.length).toBe(before);
    });
  });
});
