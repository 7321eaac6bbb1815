import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import bcrypt from 'bcrypt';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { temporaryFolder, type Folder } from '../support/programs.ts';
import { startTestGate, TEST_PASSWORD, TEST_USER, type TestGate } from '../support/test-gate.ts';
import { BLOB, eventually, openClient, startBackend, UPLOAD } from './scripted-backend.ts';
import type { Backend, Client } from './scripted-backend.ts';

const DAY_MS = 86_400_000;
const IDLE_SECONDS = 2;
const TIMEOUTS = {
  bodyIdleSeconds: IDLE_SECONDS,
  sendIdleSeconds: IDLE_SECONDS,
  backendSeconds: IDLE_SECONDS,
  keepAliveSeconds: 30,
};
const CREATED = 'HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n';
/** A body moves by so many pieces of a byte, for longer in all than it may stand still. */
const PIECES = 30;
const PIECE_MS = 100;

let folder: Folder;
let backend: Backend;
let gate: TestGate;
let clients: Client[] = [];
beforeEach(async () => {
  folder = await temporaryFolder('clock');
  const users = join(folder.path, 'htpasswd');
  await writeFile(users, `${TEST_USER}:${await bcrypt.hash(TEST_PASSWORD, 4)}\n`, { mode: 0o600 });
  backend = await startBackend(({ socket }, text) => {
    if (text.startsWith('GET')) socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${PIECES + 1}\r\n\r\ny`);
  });
  gate = await startTestGate({ backend: backend.url, timeouts: TIMEOUTS, config: { users } });
});
afterEach(async () => {
  vi.useRealTimers();
  for (const client of clients) client.close();
  clients = [];
  await gate.close();
  await backend.close();
  await folder.close();
});

async function client(): Promise<Client> {
  const opened = await openClient(gate);
  clients.push(opened);
  return opened;
}

/** Moves the clock on the wall, and no other. */
function jump(byMs: number): void {
  const now = Date.now() + byMs;
  vi.useFakeTimers({ toFake: ['Date'] });
  vi.setSystemTime(now);
}

describe.each([
  ['forward', DAY_MS],
  ['back', -DAY_MS],
])('R152: a clock that jumps a day %s', (_name, byMs) => {
  it('cuts no push and no pull that moves, and ends no connection that may wait', async () => {
    const [push, pull, idle] = [await client(), await client(), await client()];
    idle.ask('GET', '/healthz');
    await idle.answer();
    push.ask('PATCH', UPLOAD, `Content-Length: ${PIECES + 1}`);
    push.send('x');
    await eventually('the push is under way', () => backend.visits.some((it) => it.text().includes('PATCH')));
    pull.ask('GET', BLOB);
    await eventually('the pull is under way', () => pull.text().includes('200 OK'));
    const [pushed, pulled] = ['PATCH', 'GET'].map((method) =>
      backend.visits.find((it) => it.text().includes(method)),
    );
    jump(byMs);
    for (let piece = 0; piece < PIECES; piece += 1) {
      push.send('x');
      pulled?.socket.write('y');
      await new Promise((resolve) => setTimeout(resolve, PIECE_MS));
    }
    pushed?.socket.write(CREATED);
    expect(await push.answer()).toMatchObject({ status: 201 });
    expect(await pull.answer()).toMatchObject({ status: 200, body: 'y'.repeat(PIECES + 1) });
    idle.ask('GET', '/healthz');
    expect(await idle.answer(1)).toMatchObject({ status: 200 });
  });

  it('lets in who was known before, and cuts who stands still', async () => {
    const one = await client();
    // An unknown path shows that a client is signed in: an anonymous one gets 401.
    one.ask('GET', '/v2/Foo/x');
    expect(await one.answer()).toMatchObject({ status: 404 });
    jump(byMs);
    one.ask('GET', '/v2/Foo/x');
    expect(await one.answer(1)).toMatchObject({ status: 404 });
    const push = await client();
    push.ask('PATCH', UPLOAD, 'Content-Length: 5');
    expect(await push.answer()).toMatchObject({ status: 408 });
  });
});
