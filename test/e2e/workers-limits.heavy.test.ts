import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import type { ClientRequest } from 'node:http';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { PASSWORD, USER } from '../support/gate-process.ts';
import { temporaryFolder, until } from '../support/programs.ts';
import { basic } from '../support/test-gate.ts';
import { startWorkers, type WorkersFixture } from './workers-fixture.ts';

let open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.toReversed()) await one.close();
  open = [];
});

async function fixtureWith(limits: Readonly<Record<string, number>>): Promise<WorkersFixture> {
  const folder = await temporaryFolder('workers-limits');
  open.push(folder);
  const config = join(folder.path, 'registry-gate.yml');
  await writeFile(config, JSON.stringify({ limits }));
  const fixture = await startWorkers(['--config', config]);
  open.push(fixture);
  return fixture;
}

/** Opens so many connections, and waits until all but `most` of them are closed again. */
async function dial({ gate }: WorkersFixture, count: number, most: number): Promise<ReadonlySet<Socket>> {
  const { hostname, port } = new URL(gate.url);
  const alive = new Set<Socket>();
  open.push({ close: async () => alive.forEach((socket) => socket.destroy()) });
  for (let one = 0; one < count; one += 1) {
    const socket = connect(Number(port), hostname);
    alive.add(socket);
    socket.on('error', () => undefined).resume();
    socket.once('close', () => alive.delete(socket));
    await once(socket, 'connect');
  }
  await until(
    () => alive.size <= most || undefined,
    () => `${alive.size} of ${count} stay open`,
  );
  return alive;
}

async function pidOfWorker({ gate }: WorkersFixture): Promise<number> {
  const children = `/proc/${gate.pid}/task/${gate.pid}/children`;
  return Number((await readFile(children, 'utf8')).trim().split(' ')[0]);
}

describe('R117: a gate of two workers with a limit on the connections of an address', () => {
  it('counts those of both workers together, and forgets those of one that died', async () => {
    const fixture = await fixtureWith({ connectionsPerAddress: 3 });
    const alive = await dial(fixture, 9, 3);
    // Whose turn it was says nothing: three are three, at whichever worker.
    expect(alive.size).toBe(3);
    process.kill(await pidOfWorker(fixture), 'SIGKILL');
    await fixture.untilLogged('worker replaced');
    await until(
      () => alive.size < 3 || undefined,
      () => 'nothing died with the worker',
    );
    const more = await dial(fixture, 6, 3 - alive.size);
    expect(alive.size + more.size).toBe(3);
  });
});

describe('a gate of two workers with a limit on the transfers of a user', () => {
  it('counts those of both workers together', async () => {
    const fixture = await fixtureWith({ transfersPerUser: 2, transferWaitSeconds: 0 });
    const held: ClientRequest[] = [];
    open.push({ close: async () => held.forEach((one) => one.destroy()) });
    for (let nth = 0; nth < 2; nth += 1) held.push(await hold(fixture));
    const upload = await begin(fixture);
    const push = async (): Promise<number> =>
      (
        await fixture.ask('PATCH', upload, {
          body: 'layer',
          headers: { 'content-type': 'application/octet-stream' },
        })
      ).status;
    // Connections go to the workers in turn: each is asked twice.
    for (let nth = 0; nth < 4; nth += 1) expect(await push()).toBe(429);
    held[0]?.destroy();
    const status = await until(
      async () => [await push()].find((one) => one !== 429),
      () => 'no room',
    );
    expect(status).toBe(202);
  });
});

/** Begins an upload, and gives the path of it. */
async function begin(fixture: WorkersFixture): Promise<string> {
  const { headers } = await fixture.ask('POST', '/v2/team/app/blobs/uploads/');
  const { pathname, search } = new URL(headers.location ?? '', fixture.gate.url);
  return `${pathname}${search}`;
}

/** An upload whose body is asked for, and does not come. */
async function hold(fixture: WorkersFixture): Promise<ClientRequest> {
  const ca = await readFile(join(fixture.certs, 'ca.crt'), 'utf8');
  const headers = { authorization: basic(USER, PASSWORD), expect: '100-continue', 'content-length': 1000 };
  const sent = request(new URL(await begin(fixture), fixture.gate.url), {
    method: 'PATCH',
    ca,
    agent: false,
    headers,
  });
  sent.on('error', () => undefined);
  sent.flushHeaders();
  await once(sent, 'continue');
  return sent;
}
