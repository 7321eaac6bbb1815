import { describe, expect, it } from 'vitest';
import { useScriptedGate } from './scripted-gate.ts';
import { eventually, exchanges, MANIFEST, openClient, UPLOAD } from './scripted-backend.ts';
import type { Client, Visit } from './scripted-backend.ts';

const TIMES = 4;
const SIZE = 30_000_000;

const scripted = useScriptedGate({ limits: { layerBytes: 40_000_000 } });

/** Sends a body until it is all sent or the gate has had enough. */
function pour(client: Client, isChunked: boolean, size: number): void {
  const piece = Buffer.alloc(65_536, 'layer-');
  const framed = isChunked ? Buffer.concat([Buffer.from('10000\r\n'), piece, Buffer.from('\r\n')]) : piece;
  let left = size;
  const fill = (): void => {
    while (left > 0 && client.socket.writable) {
      const length = Math.min(left, piece.length);
      left -= length;
      const isFull = !client.socket.write(length === piece.length ? framed : piece.subarray(0, length));
      if (isFull) return;
    }
  };
  client.socket.on('drain', fill);
  fill();
}

const ANSWERS: readonly (readonly [string, string])[] = [
  ['with a length', 'HTTP/1.1 404 Not Found\r\nContent-Length: 12\r\n\r\nupload gone\n'],
  ['chunked', 'HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\nc\r\nupload gone\n\r\n0\r\n\r\n'],
];
const AFTER: readonly (readonly [string, (visit: Visit, answer: string) => void])[] = [
  ['goes on reading', (visit, answer) => void visit.socket.write(answer)],
  ['closes its half', (visit, answer) => void visit.socket.end(answer)],
  ['stops reading', (visit, answer) => void visit.socket.pause().write(answer)],
  [
    'closes at once, which resets',
    (visit, answer) => void visit.socket.write(answer, () => visit.socket.destroy()),
  ],
];

describe('an answer before the body is in', () => {
  for (const isChunked of [false, true]) {
    for (const [form, answer] of ANSWERS) {
      for (const [after, act] of AFTER) {
        const upload = isChunked ? 'a chunked upload' : 'an upload';
        it(`reaches the client every time: ${form}, to ${upload}, by a backend that ${after}`, async () => {
          scripted.script = (visit) => act(visit, answer);
          for (let i = 0; i < TIMES; i += 1) {
            const before = scripted.backend.visits.length;
            const client = await openClient(scripted.gate);
            client.ask('PATCH', UPLOAD, isChunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${SIZE}`);
            pour(client, isChunked, SIZE);
            expect(await client.answer()).toMatchObject({ status: 404, body: 'upload gone\n' });
            expect(client.answers()[0]?.header('connection')).toBe('close');
            await client.ended();
            // A backend that does not read sees nothing of a goodbye.
            scripted.backend.visits[before]?.socket.resume();
            await eventually('the backend is left', () => scripted.backend.visits[before]?.end() !== 'open');
            expect(scripted.backend.visits.length).toBe(before + 1);
            client.close();
          }
        });
      }
    }
  }

  it("is 502 where it is the backend's own login", async () => {
    scripted.script = (visit) => void visit.socket.write('HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n');
    const client = await openClient(scripted.gate);
    client.ask('PATCH', UPLOAD, `Content-Length: ${SIZE}`);
    pour(client, false, SIZE);
    expect(await client.answer()).toMatchObject({ status: 502 });
    await client.ended();
  });
});

describe('a body that is larger than it may be: 413', () => {
  const LIMIT = 4 * 1024 * 1024;
  const CASES: readonly {
    readonly name: string;
    readonly method: string;
    readonly target: string;
    readonly size: number;
    readonly isChunked: boolean;
    readonly seen: (received: number) => boolean;
  }[] = [
    {
      name: 'a manifest with a length',
      method: 'PUT',
      target: MANIFEST,
      size: LIMIT + 1,
      isChunked: false,
      seen: (received) => received === 0,
    },
    {
      name: 'a chunked manifest',
      method: 'PUT',
      target: MANIFEST,
      size: 2 * LIMIT,
      isChunked: true,
      seen: (received) => received <= LIMIT * 1.01,
    },
    {
      name: 'a layer with a length',
      method: 'PATCH',
      target: UPLOAD,
      size: 40_000_001,
      isChunked: false,
      seen: (received) => received === 0,
    },
    {
      name: 'a chunked layer',
      method: 'PATCH',
      target: UPLOAD,
      size: 45_000_000,
      isChunked: true,
      seen: (received) => received <= 40_400_000,
    },
  ];
  for (const { name, method, target, size, isChunked, seen } of CASES) {
    it(`${name}: the backend never gets the whole of it`, async () => {
      scripted.script = () => undefined;
      const before = scripted.backend.visits.length;
      const client = await openClient(scripted.gate);
      client.ask(method, target, isChunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${size}`);
      pour(client, isChunked, size);
      const answer = await client.answer();
      expect({ status: answer.status, type: answer.header('content-type') }).toEqual({
        status: 413,
        type: 'application/json; charset=utf-8',
      });
      await client.ended();
      const visit = scripted.backend.visits[before];
      await eventually('the backend is left', () => visit?.end() !== 'open');
      expect(seen(visit?.received() ?? 0)).toBe(true);
      expect(visit?.text().endsWith('0\r\n\r\n') ?? false).toBe(false);
      await eventually('it is logged', () => exchanges(scripted.gate).at(-1)?.error === 'SIZE_INVALID');
    });
  }

  it('R123: a manifest of exactly the limit passes', async () => {
    scripted.script = () => undefined;
    const before = scripted.backend.visits.length;
    const client = await openClient(scripted.gate);
    client.ask('PUT', MANIFEST, `Content-Length: ${LIMIT}`);
    pour(client, false, LIMIT);
    await eventually('all of it is there', () => (scripted.backend.visits[before]?.received() ?? 0) > LIMIT);
    scripted.backend.visits[before]?.socket.write('HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n');
    expect(await client.answer()).toMatchObject({ status: 201 });
    client.close();
  });
});
