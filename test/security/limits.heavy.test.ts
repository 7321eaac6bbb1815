import { createHash } from 'node:crypto';
import { request } from 'node:https';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { Config } from '../../src/config/schema/schema.ts';
import { BLOB, UPLOAD, eventually, exchanges, openClient, startBackend } from '../faults/scripted-backend.ts';
import type { Backend, Client, Visit } from '../faults/scripted-backend.ts';
import { askThrough, dialGate } from '../support/front.ts';
import { temporaryFolder } from '../support/programs.ts';
import { startTestGate, type TestGate } from '../support/test-gate.ts';

const CREATED = 'HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n';
const MANIFEST = '/v2/library/app/manifests/latest';

let open: { close(): Promise<void> | void }[] = [];
afterEach(async () => {
  for (const one of open.toReversed()) await one.close();
  open = [];
});

interface ScriptedGate {
  readonly gate: TestGate;
  readonly backend: Backend;
  client(): Promise<Client>;
}

async function fixture(
  limits: Partial<Config['limits']>,
  onHead: (visit: Visit, head: string) => void = answer,
  config: Partial<Config> = {},
): Promise<ScriptedGate> {
  const backend = await startBackend(onHead);
  open.push(backend);
  const gate = await startTestGate({ backend: backend.url, limits, config });
  open.push(gate);
  const client = async (): Promise<Client> => {
    const opened = await openClient(gate);
    open.push(opened);
    return opened;
  };
  return { gate, backend, client };
}

/** All but layers at once; those wait for `finish`. */
function answer({ socket }: Visit, head: string): void {
  if (!head.includes('/blobs/')) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}');
}

function finish(visit: Visit | undefined): void {
  visit?.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nlayer');
}

function asked({ visits }: Backend, target: string): readonly Visit[] {
  return visits.filter((visit) => visit.text().includes(target));
}

async function isRefused(gate: TestGate, from?: string): Promise<boolean> {
  const given = from === undefined ? {} : { from };
  return askThrough(gate, given).then(
    () => false,
    () => true,
  );
}

describe('R117: connections', () => {
  it('beyond the limit are closed at once; those that are open stay, and one that closes makes room', async () => {
    const { gate, client } = await fixture({ connections: 2 });
    const [first, second] = [await client(), await client()];
    const extra = await dialGate(gate);
    extra.on('error', () => undefined);
    await eventually('the third is closed', () => extra.resume().closed);
    for (const one of [first, second]) {
      one.ask('GET', MANIFEST);
      expect(await one.answer()).toMatchObject({ status: 200 });
    }
    first.close();
    await expect.poll(() => isRefused(gate)).toBe(false);
  });

  it('are counted for all addresses to listen on together', async () => {
    const listen = [0, 1].map(() => ({ host: '127.0.0.1', port: 0 }));
    const { gate } = await fixture({ connections: 1 }, answer, { listen });
    const [one, other] = gate.gate.addresses.map(({ port }) => port);
    const first = await dialGate({ port: one ?? 0 });
    const second = await dialGate({ port: other ?? 0 });
    second.on('error', () => undefined);
    await eventually('the second is closed', () => second.resume().closed);
    expect(first.closed).toBe(false);
    first.destroy();
  });

  it('of one address do not hinder another', async () => {
    const { gate, client } = await fixture({ connectionsPerAddress: 1 });
    const mine = await client();
    expect(await isRefused(gate)).toBe(true);
    expect(await isRefused(gate, '127.0.0.2')).toBe(false);
    mine.ask('GET', MANIFEST);
    expect(await mine.answer()).toMatchObject({ status: 200 });
  });

  it('of a front proxy are not counted as one client', async () => {
    const frontProxies = { networks: ['127.0.0.1'], protocol: 'x-forwarded-for' } as const;
    const { client } = await fixture({ connectionsPerAddress: 1 }, answer, { frontProxies });
    const both = [await client(), await client()];
    for (const one of both) one.ask('GET', MANIFEST);
    for (const one of both) expect(await one.answer()).toMatchObject({ status: 200 });
  });

  it('behind a front that says whose they are, are counted by their client, with IPv6 by its /64', async () => {
    const frontProxies = { networks: ['127.0.0.1'], protocol: 'proxy-protocol' } as const;
    const { gate } = await fixture({ connectionsPerAddress: 1 }, answer, { frontProxies });
    const of = (address: string): string =>
      `PROXY TCP${address.includes(':') ? 6 : 4} ${address} ${address} 1 2\r\n`;
    const held = [];
    for (const address of ['203.0.113.5', '2001:db8:0:1::5']) {
      held.push(await dialGate(gate, { before: [of(address)] }));
    }
    const isOut = async (address: string): Promise<boolean> =>
      askThrough(gate, { before: [of(address)] }).then(
        () => false,
        () => true,
      );
    await expect.poll(() => isOut('203.0.113.5')).toBe(true);
    expect(await isOut('203.0.113.6')).toBe(false);
    expect(await isOut('2001:db8:0:1:ffff::1')).toBe(true);
    expect(await isOut('2001:db8:0:2::5')).toBe(false);
    for (const socket of held) socket.destroy();
  });
});

describe('transfers', () => {
  it('beyond the limit wait for their turn, and get it when another ends', async () => {
    const layers: Visit[] = [];
    const { client } = await fixture({ transfers: 1 }, (visit, head) => {
      answer(visit, head);
      if (head.includes('/blobs/')) layers.push(visit);
    });
    const [first, second, other] = [await client(), await client(), await client()];
    first.ask('GET', BLOB);
    await eventually('the first is asked for', () => layers.length === 1);
    second.ask('GET', BLOB);
    // What carries no layer does not wait.
    other.ask('GET', MANIFEST);
    expect(await other.answer()).toMatchObject({ status: 200 });
    expect(layers).toHaveLength(1);
    finish(layers[0]);
    expect(await first.answer()).toMatchObject({ status: 200, body: 'layer' });
    await eventually('the second is asked for', () => layers.length === 2);
    finish(layers[1]);
    expect(await second.answer()).toMatchObject({ status: 200, body: 'layer' });
  });

  it('that wait in vain get 429, a code of the registry and a time to come back', async () => {
    const { gate, backend, client } = await fixture({ transfers: 1, transferWaitSeconds: 0 });
    const [first, second] = [await client(), await client()];
    first.ask('GET', BLOB);
    await eventually('the first is asked for', () => asked(backend, BLOB).length === 1);
    second.ask('PATCH', UPLOAD, 'Content-Length: 1000000');
    const refused = await second.answer();
    expect(refused).toMatchObject({ status: 429 });
    expect(refused.header('retry-after')).toBe('5');
    expect(JSON.parse(refused.body)).toMatchObject({ errors: [{ code: 'TOOMANYREQUESTS' }] });
    await eventually('it is logged', () => exchanges(gate).some(({ status }) => status === 429));
    expect(asked(backend, UPLOAD)).toEqual([]);
  });

  it('of a user are counted apart, and those of nobody by their address', async () => {
    const { gate, backend } = await fixture({ transfersPerUser: 1, transferWaitSeconds: 0 });
    const first = await openClient(gate);
    open.push(first);
    first.ask('GET', BLOB);
    await eventually('the first is asked for', () => asked(backend, BLOB).length === 1);
    const second = await openClient(gate);
    open.push(second);
    second.ask('GET', BLOB);
    expect(await second.answer()).toMatchObject({ status: 429 });
  });

  it('of a client that leaves, on its way or in line, make room', async () => {
    const { backend, client } = await fixture({ transfers: 1 });
    const [first, waiting, last] = [await client(), await client(), await client()];
    first.ask('PATCH', UPLOAD, 'Content-Length: 10');
    await eventually('the first is asked for', () => asked(backend, UPLOAD).length === 1);
    waiting.ask('GET', BLOB);
    waiting.reset();
    last.ask('PATCH', UPLOAD.replace('5f8f-1', '5f8f-2'), 'Content-Length: 5');
    last.send('hello');
    first.reset();
    await eventually('the last is asked for', () => asked(backend, '5f8f-2').length === 1);
    asked(backend, '5f8f-2')[0]?.socket.write(CREATED);
    expect(await last.answer()).toMatchObject({ status: 201 });
  });
});

const RATE = 512_000;
const LAYER = Buffer.alloc(400_000, 'layer');
/** Without what may move at once: a tenth of a second, two pieces, and what is in the buffers of one read. */
const LEAST_MS = ((LAYER.length - 0.1 * RATE - 2 * 16_384 - 65_536) / RATE) * 1000;

interface Told {
  readonly status: number;
  readonly location: string;
  readonly body: Buffer;
  readonly ms: number;
}

function ask(gate: TestGate, method: string, path: string, body?: Buffer): Promise<Told> {
  const start = performance.now();
  return new Promise((resolve, reject) => {
    const sent = request(
      { host: '127.0.0.1', port: gate.port, ca: gate.ca, method, path, agent: false },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', reject);
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            location: response.headers.location ?? '',
            body: Buffer.concat(chunks),
            ms: performance.now() - start,
          }),
        );
      },
    );
    sent.setHeader('Authorization', gate.authorization);
    sent.on('error', reject);
    sent.end(body);
  });
}

describe('bandwidth: a layer takes its time, and comes whole', () => {
  const push = async (gate: TestGate): Promise<Told> => {
    const { location } = await ask(gate, 'POST', '/v2/library/app/blobs/uploads/');
    const { pathname, search } = new URL(location, 'https://localhost');
    const digest = `sha256:${createHash('sha256').update(LAYER).digest('hex')}`;
    return ask(gate, 'PUT', `${pathname}${search === '' ? '?' : `${search}&`}digest=${digest}`, LAYER);
  };
  const pull = (gate: TestGate): Promise<Told> => {
    const digest = `sha256:${createHash('sha256').update(LAYER).digest('hex')}`;
    return ask(gate, 'GET', `/v2/library/app/blobs/${digest}`);
  };

  it.each([
    ['of all', { bandwidth: RATE }],
    ['of a user', { bandwidthPerUser: RATE }],
    ['of a user, below that of all', { bandwidth: 4 * RATE, bandwidthPerUser: RATE }],
  ])('with the embedded registry, %s', async (_name, limits) => {
    const folder = await temporaryFolder('bandwidth');
    open.push(folder);
    const backend = { kind: 'embedded', directory: join(folder.path, 'data') } as const;
    const { gate } = await fixture(limits, answer, { backend });
    const pushed = await push(gate);
    expect(pushed.status).toBe(201);
    expect(pushed.ms).toBeGreaterThan(LEAST_MS);
    const pulled = await pull(gate);
    expect(pulled.body.equals(LAYER)).toBe(true);
    expect(pulled.ms).toBeGreaterThan(LEAST_MS);
  });

  it('with a registry behind the network, down', async () => {
    const { gate } = await fixture({ bandwidth: RATE }, ({ socket }) => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${LAYER.length}\r\n\r\n`);
      socket.write(LAYER);
    });
    const pulled = await pull(gate);
    expect(pulled.body.equals(LAYER)).toBe(true);
    expect(pulled.ms).toBeGreaterThan(LEAST_MS);
  });

  it('with a registry behind the network, up: who waits for the pace, longer than one may be idle, is not taken for idle', async () => {
    const body = LAYER.subarray(0, 49_152);
    const backend = await startBackend((visit) => {
      const look = setInterval(() => {
        if (visit.received() < body.length) return;
        clearInterval(look);
        visit.socket.write(CREATED);
      }, 10);
    });
    open.push(backend);
    const timeouts = { bodyIdleSeconds: 1.2, sendIdleSeconds: 1.2, backendSeconds: 1.2 };
    const gate = await startTestGate({ backend: backend.url, limits: { bandwidth: 64_000 }, timeouts });
    open.push(gate);
    // Each waits for the nine others before its next piece.
    const pushed = await Promise.all(Array.from({ length: 10 }, () => ask(gate, 'PATCH', UPLOAD, body)));
    expect(pushed.map(({ status }) => status)).toEqual(pushed.map(() => 201));
    expect(Math.max(...pushed.map(({ ms }) => ms))).toBeGreaterThan(5000);
  });

  it('does not hold up what is no layer', async () => {
    const { gate, client } = await fixture({ bandwidth: 64_000 });
    const busy = await client();
    busy.ask('PATCH', UPLOAD, 'Content-Length: 100000000');
    busy.send(Buffer.alloc(1_000_000));
    const { status } = await ask(gate, 'GET', MANIFEST);
    expect(status).toBe(200);
  });
});
