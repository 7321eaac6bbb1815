import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { METRICS } from '../../../src/observe/metrics/table.ts';
import {
  BLOB,
  UPLOAD,
  eventually,
  exchanges,
  head,
  openClient,
  startBackend,
} from '../../faults/scripted-backend.ts';
import type { Backend, Visit } from '../../faults/scripted-backend.ts';
import { temporaryFolder } from '../../support/programs.ts';
import { metricsUrl, parsePage, scrape, valueOf } from '../../support/scrape.ts';
import { basic, startTestGate, type TestGate } from '../../support/test-gate.ts';

const metrics = { listen: { host: '127.0.0.1', port: 0 }, public: false };

let gate: TestGate;
let backend: Backend;
let url: string;
let script: (visit: Visit) => void;
beforeAll(async () => {
  backend = await startBackend((visit, text) => {
    if (text.startsWith('GET /v2/ ')) visit.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
    else script(visit);
  });
  gate = await startTestGate({ backend: backend.url, config: { metrics } });
  url = metricsUrl(gate);
});
afterAll(async () => {
  await gate.close();
  await backend.close();
});

const answerOf =
  (status: string, body = ''): ((visit: Visit) => void) =>
  (visit) =>
    void visit.socket.write(`HTTP/1.1 ${status}\r\nContent-Length: ${body.length}\r\n\r\n${body}`);

/** Sends this as one request, and waits until it has been counted. */
async function ask(bytes: string, act: (visit: Visit) => void): Promise<void> {
  script = act;
  const before = exchanges(gate).length;
  const client = await openClient(gate);
  client.send(bytes);
  await eventually('an exchange', () => exchanges(gate).length > before);
  client.close();
}

const asAlice = (): string => `Authorization: ${gate.authorization}`;

describe('the page of metrics', () => {
  it('has every metric of the table, with its type and its sentence', async () => {
    const folder = await temporaryFolder('metrics');
    const cache = { directory: folder.path, size: 2 ** 20, checkSeconds: 60 };
    const whole = await startTestGate({ backend: backend.url, config: { metrics, cache } });
    try {
      // What has routes for labels is there once a route was asked for.
      const client = await openClient(whole);
      client.ask('GET', '/healthz');
      await client.answer();
      client.close();
      await eventually('an exchange', () => exchanges(whole).length > 0);
      const text = await (await fetch(metricsUrl(whole))).text();
      for (const [name, { type, help }] of Object.entries(METRICS)) {
        expect(text).toContain(`# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`);
      }
      const bare = parsePage(text).map(({ name }) => name.replace(/_(?:bucket|sum|count)$/, ''));
      expect([...new Set(bare)].toSorted()).toEqual(Object.keys(METRICS).toSorted());
    } finally {
      await whole.close();
      await folder.close();
    }
  });

  it('counts a pull', async () => {
    await ask(head('GET', BLOB, asAlice()), answerOf('200 OK', 'hello'));
    const samples = await scrape(url);
    const pull = { action: 'pull', route: 'blob' };
    expect(valueOf(samples, 'registry_gate_requests_total', { ...pull, status: '2xx' })).toBe(1);
    expect(valueOf(samples, 'registry_gate_sent_bytes_total', pull)).toBe(5);
    expect(valueOf(samples, 'registry_gate_request_duration_seconds_count', pull)).toBe(1);
  });

  it('counts the end of an upload', async () => {
    await ask(
      `${head('PUT', `${UPLOAD}&digest=sha256:${'a'.repeat(64)}`, asAlice(), 'Content-Length: 3')}abc`,
      answerOf('201 Created'),
    );
    const samples = await scrape(url);
    const push = { action: 'push', route: 'upload' };
    expect(valueOf(samples, 'registry_gate_upload_commit_duration_seconds_count')).toBe(1);
    expect(valueOf(samples, 'registry_gate_received_bytes_total', push)).toBe(3);
  });

  it('counts wrong passwords and tokens, and the hashes that were computed', async () => {
    const before = await scrape(url);
    await ask(head('GET', BLOB, `Authorization: ${basic('alice', 'wrong')}`), answerOf('200 OK'));
    await ask(head('GET', BLOB, 'Authorization: Bearer a.b.c'), answerOf('200 OK'));
    await ask(
      head('GET', '/token?service=registry-gate', `Authorization: ${basic('bob', 'wrong')}`),
      answerOf('200 OK'),
    );
    const samples = await scrape(url);
    const more = (name: string, labels = {}): number =>
      valueOf(samples, name, labels) - valueOf(before, name, labels);
    expect(more('registry_gate_failed_logins_total', { shown: 'password' })).toBe(2);
    expect(more('registry_gate_failed_logins_total', { shown: 'token' })).toBe(1);
    expect(more('registry_gate_password_hash_duration_seconds_count')).toBe(2);
    expect(more('registry_gate_denied_total')).toBe(0);
    expect(valueOf(samples, 'registry_gate_password_hash_queue_limit')).toBe(64);
  });

  it('shows a transfer while it runs, with its bytes', async () => {
    script = (visit) => void visit.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf.');
    const before = exchanges(gate).length;
    const sent = valueOf(await scrape(url), 'registry_gate_sent_bytes_total', { route: 'blob' });
    const client = await openClient(gate);
    client.ask('GET', BLOB);
    await eventually('half a layer', () => client.text().endsWith('half.'));
    const during = await scrape(url);
    expect(valueOf(during, 'registry_gate_requests_in_progress', { route: 'blob' })).toBe(1);
    expect(valueOf(during, 'registry_gate_sent_bytes_total', { route: 'blob' })).toBe(sent + 5);
    expect(valueOf(during, 'registry_gate_connections')).toBeGreaterThan(0);
    client.close();
    await eventually('its end', () => exchanges(gate).length > before);
    const after = await scrape(url);
    expect(valueOf(after, 'registry_gate_requests_in_progress', { route: 'blob' })).toBe(0);
    expect(valueOf(after, 'registry_gate_sent_bytes_total', { route: 'blob' })).toBe(sent + 5);
    expect(valueOf(after, 'registry_gate_broken_off_total', { by: 'client' })).toBe(1);
  });

  it('tells of the process, the certificate, the registry and the disk', async () => {
    const samples = await scrape(url);
    const inDays =
      (valueOf(samples, 'registry_gate_certificate_expiry_timestamp_seconds') - Date.now() / 1000) / 86_400;
    expect(inDays).toBeGreaterThan(30);
    expect(inDays).toBeLessThan(400);
    expect(valueOf(samples, 'registry_gate_backend_up')).toBe(1);
    expect(valueOf(samples, 'process_resident_memory_bytes')).toBeGreaterThan(10_000_000);
    expect(valueOf(samples, 'process_open_fds')).toBeGreaterThan(5);
    expect(valueOf(samples, 'registry_gate_disk_size_bytes', { place: 'state' })).toBeGreaterThan(0);
    expect(valueOf(samples, 'registry_gate_build_info', { node: process.versions.node })).toBe(1);
  });

  it('names no user, repository or address', async () => {
    const text = await (await fetch(url)).text();
    expect(text).not.toMatch(/alice|library|sha256|127\.0\.0\.1/);
  });
});

describe('the listener of metrics', () => {
  function statusOf(method: string, target: string, body?: string): Promise<number> {
    const { hostname, port } = new URL(url);
    return new Promise((resolve, reject) => {
      const asked = request({ hostname, port, method, path: target }, (answer) => {
        answer.resume();
        resolve(answer.statusCode ?? 0);
      });
      asked.on('error', reject).end(body);
    });
  }

  it.each([
    ['GET', '/metrics', 200],
    ['HEAD', '/metrics', 200],
    ['GET', '/', 404],
    ['GET', '/metrics/', 404],
    ['GET', '/metrics?x=1', 404],
    ['GET', '/v2/', 404],
    ['GET', '//metrics', 404],
    ['POST', '/metrics', 404],
    ['DELETE', '/metrics', 404],
  ])('%s %s: %i', async (method, target, status) => {
    expect(await statusOf(method, target, method === 'POST' ? 'body' : undefined)).toBe(status);
  });

  it('many who ask at once are all answered', async () => {
    const pages = await Promise.all(Array.from({ length: 20 }, () => scrape(url)));
    expect(pages.every((page) => page.length > 20)).toBe(true);
  });

  it('is nowhere unless it is asked for, nor on the public port', async () => {
    const plain = await startTestGate({ backend: backend.url });
    expect(() => metricsUrl(plain)).toThrow('shows no metrics');
    const client = await openClient(plain);
    client.ask('GET', '/metrics');
    expect((await client.answer()).status).toBe(404);
    client.close();
    await plain.close();
  });

  it('an address that is taken: says so, with the flag that chooses another', async () => {
    const listen = { host: '127.0.0.1', port: Number(new URL(url).port) };
    await expect(
      startTestGate({ backend: backend.url, config: { metrics: { listen, public: false } } }),
    ).rejects.toThrow(
      expect.objectContaining({ code: 'LISTEN_FAILED', hint: expect.stringContaining('--metrics') }),
    );
  });

  it('closes with the gate', async () => {
    const other = await startTestGate({ backend: backend.url, config: { metrics } });
    const page = metricsUrl(other);
    expect(await scrape(page)).not.toEqual([]);
    await other.close();
    await expect(scrape(page)).rejects.toThrow('fetch failed');
  });
});
