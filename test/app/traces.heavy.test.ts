import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  BLOB,
  MANIFEST,
  UPLOAD,
  exchanges,
  eventually,
  head,
  openClient,
  startBackend,
} from '../faults/scripted-backend.ts';
import type { Backend, Visit } from '../faults/scripted-backend.ts';
import { attributesOf, startCollector, type Collector, type SentSpan } from '../support/collector.ts';
import { startTestGate, type TestGate } from '../support/test-gate.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';
const SERVER = 2;
const CLIENT = 3;
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

let backend: Backend;
let script: (visit: Visit) => void = (visit) => void visit.socket.write(OK);
beforeAll(async () => {
  backend = await startBackend((visit) => script(visit));
});
afterAll(() => backend.close());

/** Spans are sent every five seconds, or when the gate stops: what a gate has sent when it is gone. */
async function tracesOf(
  act: (gate: TestGate) => Promise<void>,
  percent = 100,
): Promise<{ readonly spans: readonly SentSpan[]; readonly collector: Collector }> {
  const collector = await startCollector();
  const trace = { endpoint: collector.url, percent };
  const gate = await startTestGate({ backend: backend.url, config: { trace } });
  try {
    await act(gate);
  } finally {
    await gate.close();
    await collector.close();
  }
  return { spans: collector.spans, collector };
}

async function ask(gate: TestGate, bytes: string): Promise<void> {
  const before = exchanges(gate).length;
  const client = await openClient(gate);
  client.send(bytes);
  await client.answer();
  await eventually('an exchange', () => exchanges(gate).length > before);
  client.close();
}

const signedIn = ({ authorization }: TestGate): string => `Authorization: ${authorization}`;
const lastHead = (): string => backend.visits.at(-1)?.text() ?? '';

describe('a pull', () => {
  it('is a span of kind server, with one of kind client below it, of which the registry is told', async () => {
    const from = Date.now();
    const { spans, collector } = await tracesOf((gate) =>
      ask(gate, head('GET', `${MANIFEST}?ns=docker.io`, signedIn(gate), 'User-Agent: test/1')),
    );
    expect(spans.map(({ kind }) => kind).toSorted()).toEqual([SERVER, CLIENT]);
    const server = spans.find(({ kind }) => kind === SERVER);
    const client = spans.find(({ kind }) => kind === CLIENT);
    expect(server?.name).toBe('GET /v2/{name}/manifests/{reference}');
    expect(server && attributesOf(server)).toEqual({
      'http.request.method': 'GET',
      'http.route': '/v2/{name}/manifests/{reference}',
      'http.response.status_code': 200,
      'http.request.body.size': 0,
      'http.response.body.size': 2,
      'url.scheme': 'https',
      'url.path': MANIFEST,
      'server.address': 'registry.test',
      'server.port': 443,
      'client.address': '127.0.0.1',
      'network.protocol.version': '1.1',
      'user_agent.original': 'test/1',
      'registry_gate.request_id': expect.stringMatching(/^[0-9a-f]{8}-\w+$/),
    });
    expect(client && attributesOf(client)).toEqual({
      'http.request.method': 'GET',
      'http.response.status_code': 200,
      'server.address': '127.0.0.1',
      'server.port': backend.port,
    });
    expect(server?.parentSpanId ?? '').toBe('');
    expect(client).toMatchObject({ traceId: server?.traceId, parentSpanId: server?.spanId });
    expect(lastHead()).toContain(`traceparent: 00-${client?.traceId}-${client?.spanId}-01\r\n`);
    expect(Number(server?.startTimeUnixNano) / 1e6).toBeGreaterThan(from - 1000);
    expect(Number(server?.endTimeUnixNano) / 1e6).toBeLessThan(Date.now() + 1000);
    expect(Number(server?.endTimeUnixNano)).toBeGreaterThanOrEqual(Number(client?.startTimeUnixNano));
    expect(collector.paths).toEqual(['/v1/traces']);
    expect(collector.resource).toMatchObject({
      'service.name': 'registry-gate',
      'service.version': expect.any(String),
    });
  });

  it('shows neither user, password nor the state of an upload', async () => {
    script = (visit) => void visit.socket.write('HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n');
    const { spans } = await tracesOf((gate) =>
      ask(gate, `${head('PATCH', UPLOAD, signedIn(gate), 'Content-Length: 3')}abc`),
    );
    script = (visit) => void visit.socket.write(OK);
    expect(spans).toHaveLength(2);
    expect(JSON.stringify(spans)).not.toMatch(/alice|Basic|_state|zebra/);
    expect(spans.map(({ name }) => name)).toContain('PATCH /v2/{name}/blobs/uploads/{upload}');
  });
});

describe('the traceparent of a client', () => {
  const fields = [`traceparent: 00-${TRACE}-${SPAN}-01`, 'tracestate: vendor=value'];

  it('is continued where the client is known, and passed on with its tracestate', async () => {
    const { spans } = await tracesOf((gate) => ask(gate, head('GET', BLOB, signedIn(gate), ...fields)));
    expect(spans.map(({ traceId }) => traceId)).toEqual([TRACE, TRACE]);
    expect(spans.find(({ kind }) => kind === SERVER)?.parentSpanId).toBe(SPAN);
    expect(lastHead()).toMatch(new RegExp(`^traceparent: 00-${TRACE}-(?!${SPAN})[0-9a-f]{16}-01\r$`, 'm'));
    expect(lastHead()).toContain('tracestate: vendor=value\r\n');
  });

  it('that is not recorded is not recorded here, and the registry is told so', async () => {
    const { spans } = await tracesOf((gate) =>
      ask(gate, head('GET', BLOB, signedIn(gate), `traceparent: 00-${TRACE}-${SPAN}-00`)),
    );
    expect(spans).toEqual([]);
    expect(lastHead()).toMatch(new RegExp(`^traceparent: 00-${TRACE}-[0-9a-f]{16}-00\r$`, 'm'));
  });

  it('is not believed of a stranger', async () => {
    const { spans } = await tracesOf((gate) => ask(gate, head('GET', BLOB, ...fields)));
    expect(spans).toHaveLength(1);
    expect(spans[0]?.traceId).not.toBe(TRACE);
    expect(spans[0] && attributesOf(spans[0])).toMatchObject({
      'http.response.status_code': 401,
      'http.route': '/v2/{name}/blobs/{digest}',
    });
  });

  it.each([
    ['two of them', [...fields, `traceparent: 00-${TRACE}-${SPAN}-01`]],
    ['malformed', ['traceparent: 00-xyz-01', 'tracestate: vendor=value']],
  ])('%s: a trace of its own, and nothing of it reaches the registry', async (_name, bad) => {
    const { spans } = await tracesOf((gate) => ask(gate, head('GET', BLOB, signedIn(gate), ...bad)));
    expect(spans).toHaveLength(2);
    expect(spans[0]?.traceId).not.toBe(TRACE);
    expect(lastHead()).toContain(`traceparent: 00-${spans[0]?.traceId}-`);
    expect(lastHead()).not.toContain('tracestate');
  });

  it('stays outside where nothing is traced', async () => {
    const gate = await startTestGate({ backend: backend.url });
    await ask(gate, head('GET', BLOB, signedIn(gate), ...fields));
    await gate.close();
    expect(lastHead()).toContain('GET /v2/');
    expect(lastHead()).not.toMatch(/trace(?:parent|state)/);
  });
});

describe('what fails', () => {
  it('a registry that fails: both spans are errors', async () => {
    script = (visit) => void visit.socket.write('HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n');
    const { spans } = await tracesOf((gate) => ask(gate, head('GET', BLOB, signedIn(gate))));
    script = (visit) => void visit.socket.write(OK);
    expect(spans.map(({ status }) => status.code)).toEqual([2, 2]);
    expect(spans.map((span) => attributesOf(span)['error.type'])).toEqual(['503', '503']);
  });

  it('a collector that refuses: requests are served, and the log says so once', async () => {
    const collector = await startCollector();
    collector.answer(400);
    const gate = await startTestGate({
      backend: backend.url,
      config: { trace: { endpoint: collector.url, percent: 100 } },
    });
    await ask(gate, head('GET', BLOB, signedIn(gate)));
    await gate.close();
    await collector.close();
    expect(gate.log.filter((line) => line.includes('traces cannot be sent'))).toHaveLength(1);
  });

  it('a collector that is not there holds nobody up', async () => {
    const collector = await startCollector();
    await collector.close();
    const gate = await startTestGate({
      backend: backend.url,
      config: { trace: { endpoint: collector.url, percent: 100 } },
    });
    await ask(gate, head('GET', BLOB, signedIn(gate)));
    await gate.close();
    expect(exchanges(gate)).toMatchObject([{ status: 200 }]);
  });
});
