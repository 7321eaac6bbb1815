import { randomBytes } from 'node:crypto';
import { kill } from 'node:process';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { digestOf } from '../backend/embedded/spec-client.ts';
import { temporaryFolder, until, type Folder } from '../support/programs.ts';
import { startRegistry, type Registry } from '../support/registry.ts';
import { describeWith } from '../support/requires.ts';
import { startTestGate, type TestGate } from '../support/test-gate.ts';
import { openClient, type Client } from './scripted-backend.ts';

const REPOSITORY = '/v2/team/app';

describeWith(['docker-registry'], 'R140: a registry that is stopped like a machine without power', () => {
  let registry: Registry;
  let gate: TestGate;
  let clients: Client[] = [];

  beforeAll(async () => {
    registry = await startRegistry();
  });
  afterEach(async () => {
    kill(registry.pid, 'SIGCONT');
    for (const one of clients) one.close();
    clients = [];
    await gate.close();
  });
  afterAll(() => registry.close());

  async function client(): Promise<Client> {
    const opened = await openClient(gate);
    clients.push(opened);
    return opened;
  }

  async function ask(method: string, path: string): Promise<{ status: number; body: string }> {
    const one = await client();
    one.ask(method, path, ...(method === 'POST' ? ['Content-Length: 0'] : []));
    return one.answer();
  }

  it('is not waited for longer than was said; everything else goes on, and it is there again at once', async () => {
    gate = await startTestGate({ backend: registry.url, timeouts: { backendSeconds: 1 } });
    expect(await ask('GET', '/v2/')).toMatchObject({ status: 200 });
    kill(registry.pid, 'SIGSTOP');
    const asked = ['GET', 'POST', 'DELETE'].map((method) =>
      ask(method, method === 'POST' ? `${REPOSITORY}/blobs/uploads/` : `${REPOSITORY}/manifests/1`),
    );
    expect(await ask('GET', '/healthz')).toMatchObject({ status: 200 });
    const answers = await Promise.all(asked);
    expect(answers.map(({ status }) => status)).toEqual([504, 504, 504]);
    expect(answers[0]?.body).toContain('"code":"UNAVAILABLE"');
    kill(registry.pid, 'SIGCONT');
    expect(await ask('GET', '/v2/')).toMatchObject({ status: 200 });
    expect(await ask('POST', `${REPOSITORY}/blobs/uploads/`)).toMatchObject({ status: 202 });
  });

  it('in the middle of a push that it goes on with: the layer is whole', async () => {
    gate = await startTestGate({ backend: registry.url, timeouts: { backendSeconds: 30 } });
    const layer = randomBytes(8_000_000);
    const digest = digestOf(layer);
    const one = await client();
    one.ask('POST', `${REPOSITORY}/blobs/uploads/`, 'Content-Length: 0');
    const location = (await one.answer()).header('location') ?? '';
    one.ask('PATCH', location, `Content-Length: ${layer.length}`, 'Content-Type: application/octet-stream');
    one.send(layer.subarray(0, 1_000_000));
    kill(registry.pid, 'SIGSTOP');
    const taken = one.socket.bytesWritten;
    one.send(layer.subarray(1_000_000));
    // More of it has gone than was there when the registry was stopped.
    await until(
      () => (one.socket.bytesWritten > taken ? true : undefined),
      () => 'nothing moves',
    );
    kill(registry.pid, 'SIGCONT');
    const next = (await one.answer(1)).header('location') ?? '';
    one.ask('PUT', `${next}${next.includes('?') ? '&' : '?'}digest=${digest}`, 'Content-Length: 0');
    expect(await one.answer(2)).toMatchObject({ status: 201 });
    const stored = await fetch(`${registry.url}${REPOSITORY}/blobs/${digest}`);
    expect(digestOf(Buffer.from(await stored.arrayBuffer()))).toBe(digest);
  });
});

describeWith(['docker-registry'], 'R140: a registry that is killed and started again under load', () => {
  let folder: Folder;
  let registry: Registry;
  let gate: TestGate;

  beforeEach(async () => {
    folder = await temporaryFolder('again');
    registry = await startRegistry(folder.path);
    gate = await startTestGate({ backend: registry.url });
  });
  afterEach(async () => {
    await gate.close();
    await registry.close();
    await folder.close();
  });

  it('is told of honestly while it is away, and serves from the first request after it is back', async () => {
    const statuses = new Set<number>();
    let isOver = false;
    const goesOn = (): boolean => !isOver;
    const load = Array.from({ length: 8 }, async (_none, nth) => {
      const request = nth % 2 === 0 ? ['GET', '/v2/'] : ['POST', `${REPOSITORY}/blobs/uploads/`];
      while (goesOn()) statuses.add(await ask(request[0] ?? '', request[1] ?? ''));
    });
    for (let round = 0; round < 3; round += 1) {
      await until(
        () => (statuses.has(200) && statuses.has(202) ? true : undefined),
        () => `not served: ${[...statuses].join()}`,
      );
      kill(registry.pid, 'SIGKILL');
      await until(
        () => (statuses.has(502) ? true : undefined),
        () => `no 502: ${[...statuses].join()}`,
      );
      const port = Number(new URL(registry.url).port);
      await registry.close();
      registry = await startRegistry(folder.path, port);
      expect([await ask('GET', '/v2/'), await ask('POST', `${REPOSITORY}/blobs/uploads/`)]).toEqual([
        200, 202,
      ]);
      expect([...statuses].toSorted()).toEqual([200, 202, 502]);
      statuses.clear();
    }
    isOver = true;
    await Promise.all(load);
  });

  async function ask(method: string, path: string): Promise<number> {
    const one = await openClient(gate);
    one.ask(method, path, ...(method === 'POST' ? ['Content-Length: 0'] : []));
    const { status } = await one.answer();
    one.close();
    return status;
  }
});
