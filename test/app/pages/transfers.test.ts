import { createServer, request as ask, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createTransferView } from '../../../src/app/pages/transfers.ts';
import { createOpenExchange, type RequestContext } from '../../../src/http/context.ts';
import { parseRegistryRequest } from '../../../src/oci/request/parse.ts';

const DIGEST = `sha256:${'ab'.repeat(32)}`;
let now = 0;
let open: {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly context: RequestContext;
}[] = [];
const openExchange = createOpenExchange({ now: () => now, observe: () => undefined });

/** Requests stay open until the test ends. */
const server = createServer((req, res) => {
  open.push({ req, res, context: openExchange(req, res) });
  res.flushHeaders();
});

beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
beforeEach(() => {
  now = 0;
  open = [];
});
afterAll(() => {
  server.close();
  server.closeAllConnections();
});

/** Opens a request of alice, of which so many bytes have moved. */
async function begin(method: string, path: string, moved: { received?: number; sent?: number }) {
  const { port } = server.address() as AddressInfo;
  const before = open.length;
  const sent = ask({ port, method, path, headers: { 'Content-Length': method === 'GET' ? 0 : 1000 } });
  sent.on('error', () => undefined).flushHeaders();
  await expect.poll(() => open.length).toBe(before + 1);
  const { context } = open.at(-1) ?? {};
  if (context === undefined) throw new Error('no request arrived');
  const outcome = parseRegistryRequest(method, path);
  if (outcome.kind !== 'request') throw new Error('not a request');
  context.request = outcome.request;
  context.principal = { kind: 'user', name: 'alice' };
  return Object.assign(context, moved);
}

describe('the transfers under way', () => {
  it('are layers on their way, in each direction', async () => {
    await begin('GET', `/v2/team/app/blobs/${DIGEST}`, { sent: 500 });
    await begin('PATCH', '/v2/team/app/blobs/uploads/1', { received: 300 });
    await begin('GET', '/v2/team/app/manifests/1', { sent: 100 });
    await begin('GET', '/v2/team/app/tags/list', { sent: 100 });
    await begin('POST', '/v2/team/app/blobs/uploads/', { received: 0 });
    now = 1000;
    const common = { user: 'alice', address: '127.0.0.1', repository: 'team/app' };
    expect(createTransferView({ now: () => now, most: 9 }).look(open)).toEqual({
      others: 0,
      transfers: [
        { ...common, id: expect.any(String), direction: 'pull', bytes: 500, total: undefined, rate: 500 },
        { ...common, id: expect.any(String), direction: 'push', bytes: 300, total: 1000, rate: 300 },
      ],
    });
  });

  it('have the rate since the last look, and since their beginning where nobody has looked', async () => {
    const context = await begin('GET', `/v2/team/app/blobs/${DIGEST}`, { sent: 10_000 });
    const view = createTransferView({ now: () => now, most: 9 });
    const rate = (): number | undefined => view.look(open).transfers[0]?.rate;
    now = 10_000;
    expect(rate()).toBe(1000);
    now = 12_000;
    context.sent += 8000;
    expect(rate()).toBe(4000);
    now = 14_000;
    expect(rate()).toBe(0);
    now = 54_000;
    context.sent += 9000;
    expect(rate()).toBe(500);
  });

  it('have a rate over at least a second, however many look', async () => {
    const context = await begin('GET', `/v2/team/app/blobs/${DIGEST}`, { sent: 0 });
    const view = createTransferView({ now: () => now, most: 9 });
    const rates: (number | undefined)[] = [];
    for (const [at, sent] of [
      [10_000, 10_000],
      [10_001, 20_000],
      [12_000, 30_000],
      [12_001, 30_000],
      [12_500, 40_000],
      [13_000, 40_000],
    ] as const) {
      now = at;
      context.sent = sent;
      rates.push(view.look(open).transfers[0]?.rate);
    }
    expect(rates.map((rate) => Math.round(rate ?? -1))).toEqual([1000, 2000, 10_000, 9995, 12_000, 10_000]);
  });

  it('are told of in part where there are many', async () => {
    for (const sent of [1, 3, 2]) await begin('GET', `/v2/team/app/blobs/${DIGEST}`, { sent });
    const { transfers, others } = createTransferView({ now: () => now, most: 2 }).look(open);
    expect([transfers.map(({ bytes }) => bytes), others]).toEqual([[3, 2], 1]);
  });
});
