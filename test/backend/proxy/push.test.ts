import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { requestHead } from '../../../src/backend/proxy/heads.ts';
import { parseRegistryRequest } from '../../../src/oci/request/parse.ts';
import { startRecordingBackend, type RecordingBackend } from '../../support/recording-backend.ts';
import { startTestGate, type TestGate } from '../../support/test-gate.ts';
import { openClient, startBackend } from '../../faults/scripted-backend.ts';

const UPLOADS = '/v2/library/app/blobs/uploads/';
const DIGEST = `digest=sha256:${'a'.repeat(64)}`;

interface Push {
  readonly name: string;
  readonly method: string;
  readonly target: string;
  readonly size: number;
}

const PUSHES: readonly Push[] = [
  { name: 'a PATCH without a byte', method: 'PATCH', target: `${UPLOADS}5f8f-1?_state=a`, size: 0 },
  { name: 'a PATCH of one byte', method: 'PATCH', target: `${UPLOADS}5f8f-2?_state=a`, size: 1 },
  { name: 'a PATCH of 3 MB', method: 'PATCH', target: `${UPLOADS}5f8f-3?_state=a`, size: 3_000_001 },
  { name: 'a PUT without a byte', method: 'PUT', target: `${UPLOADS}5f8f-4?_state=a&${DIGEST}`, size: 0 },
  { name: 'a PUT of 1 MB', method: 'PUT', target: `${UPLOADS}5f8f-5?_state=a&${DIGEST}`, size: 1_048_576 },
  { name: 'a whole blob by POST', method: 'POST', target: `${UPLOADS}?${DIGEST}`, size: 100_000 },
];

/** The body in chunks of a client's own making, with extensions and trailers. */
function inChunks(body: Buffer): Buffer {
  const chunks: Buffer[] = [];
  for (let at = 0, size = 1; at < body.length; at += size, size = (size * 7) % 70_001) {
    const part = body.subarray(at, at + size);
    chunks.push(Buffer.from(`${part.length.toString(16)};name=value\r\n`), part, Buffer.from('\r\n'));
  }
  return Buffer.concat([...chunks, Buffer.from('0\r\nX-Trailer: client\r\n\r\n')]);
}

describe('a push', () => {
  let gate: TestGate;
  let backend: RecordingBackend;
  beforeAll(async () => {
    backend = await startRecordingBackend();
    gate = await startTestGate({ backend: backend.url });
  });
  afterAll(async () => {
    await gate.close();
    await backend.close();
  });

  for (const { name, method, target, size } of PUSHES) {
    for (const isChunked of [false, true]) {
      it(`${name}${isChunked ? ', chunked,' : ''} arrives whole, in framing of our own`, async () => {
        backend.take();
        const body = randomBytes(size);
        const client = await openClient(gate);
        const framing = isChunked ? 'Transfer-Encoding: Chunked' : `Content-Length: ${size}`;
        client.ask(method, target, framing, 'Content-Type: application/octet-stream');
        client.send(isChunked ? inChunks(body) : body);
        expect(await client.answer()).toMatchObject({ status: 200 });
        const [visit, ...others] = backend.take();
        const [request] = visit?.requests ?? [];
        const fieldsOf = (wanted: string): readonly string[] =>
          (request?.headers ?? []).filter(([field]) => field === wanted).map(([, value]) => value);
        expect(others).toEqual([]);
        expect({ malformed: visit?.malformed, rest: visit?.rest, requests: visit?.requests.length }).toEqual({
          malformed: undefined,
          rest: '',
          requests: 1,
        });
        expect({
          length: fieldsOf('content-length'),
          coding: fieldsOf('transfer-encoding'),
          connection: fieldsOf('connection'),
        }).toEqual({
          length: isChunked ? [] : [String(size)],
          coding: isChunked ? ['chunked'] : [],
          connection: ['close'],
        });
        const sent = visit?.bytes.toString('latin1') ?? '';
        expect(sent.includes('name=value') || sent.includes('X-Trailer')).toBe(false);
        expect(request?.body.equals(body)).toBe(true);
        client.close();
      });
    }
  }

  it('leaves no connection for the next request', async () => {
    const before = backend.accepted();
    const client = await openClient(gate);
    client.ask('PATCH', `${UPLOADS}5f8f-9?_state=a`, 'Content-Length: 4');
    client.send('body');
    await client.answer();
    client.ask('GET', '/v2/');
    await client.answer(1);
    expect(backend.accepted() - before).toBe(2);
    client.close();
  });
});

describe('a push to a backend that closes without a word', () => {
  for (const size of [0, 10, 1_000_000]) {
    it(`of ${size} bytes is asked once, and 502`, async () => {
      const backend = await startBackend((visit) => void visit.socket.end());
      const gate = await startTestGate({ backend: backend.url });
      try {
        const client = await openClient(gate);
        client.ask('PATCH', `${UPLOADS}5f8f-1?_state=a`, `Content-Length: ${size}`);
        client.send(randomBytes(size));
        expect(await client.answer()).toMatchObject({ status: 502 });
        expect(backend.visits.length).toBe(1);
        client.close();
      } finally {
        await gate.close();
        await backend.close();
      }
    });
  }
});

describe('the head of a push', () => {
  const OCTETS = 'content-type: application/octet-stream';
  const GIVEN = { 'content-length': '005', 'transfer-encoding': 'x', 'content-type': 'text/plain' };
  const CASES = [
    ['no body', undefined, []],
    ['an empty one', { length: 0 }, ['content-length: 0', 'connection: close', OCTETS]],
    ['a length', { length: 5 }, ['content-length: 5', 'connection: close', OCTETS]],
    ['no length', { length: undefined }, ['transfer-encoding: chunked', 'connection: close', OCTETS]],
  ] as const;
  for (const [name, body, fields] of CASES) {
    it(`says of ${name} what we read, not what the client wrote`, () => {
      const parsed = parseRegistryRequest('PATCH', `${UPLOADS}5f8f-1`);
      if (parsed.kind !== 'request') throw new Error('not a request');
      const origin = { address: '192.0.2.7', host: 'registry.test', requestId: 'a-1' };
      const head = requestHead({ req: { headers: GIVEN }, request: parsed.request, origin }, body);
      const own = head.split('\r\n').filter((line) => /^(?:content-|transfer-|connection)/.test(line));
      expect(own).toEqual(fields);
    });
  }
});
