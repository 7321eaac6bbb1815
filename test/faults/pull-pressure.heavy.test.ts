import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { certificatePaths } from '../../src/pki/authority/cert-store.ts';
import { startTestGate, type TestGate } from '../support/test-gate.ts';
import { BLOB, eventually, head, startBackend, type Backend, type Visit } from './scripted-backend.ts';

const SIZE = 48 * 1024 * 1024;
/** What the kernel takes for two connections, and a good deal for ourselves; most of the answer stays where it is. */
const MOST_TAKEN = 24 * 1024 * 1024;

/** Bytes of which no two stretches are the same: a buffer that was written over too early shows. */
function patternAt(from: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  for (let at = 0; at + 4 <= length; at += 4)
    bytes.writeUInt32LE((Math.imul(from + at, 2654435761) ^ (from + at)) >>> 0, at);
  return bytes;
}

const PIECE = 64 * 1024;
const expected = createHash('sha256');
for (let at = 0; at < SIZE; at += PIECE) expected.update(patternAt(at, PIECE));
const EXPECTED = expected.digest('hex');

type Frame = (piece: Buffer) => Buffer;
const HEADS: Readonly<Record<string, readonly [string, Frame, string]>> = {
  'a length': [`HTTP/1.1 200 OK\r\nContent-Length: ${SIZE}\r\n\r\n`, (piece) => piece, ''],
  chunks: [
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
    (piece) => Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n')]),
    '0\r\n\r\n',
  ],
  'small chunks': [
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
    (piece) =>
      Buffer.concat(
        Array.from({ length: 16 }, (_none, nth) => [
          Buffer.from('1000\r\n'),
          piece.subarray(nth * 4096, (nth + 1) * 4096),
          Buffer.from('\r\n'),
        ]).flat(),
      ),
    '0\r\n\r\n',
  ],
};

interface Poured {
  taken(): number;
}

/** Writes the pattern in this framing, no faster than it is taken. */
function pour({ socket }: Visit, name: string): Poured {
  const [begin = '', frame = (piece: Buffer) => piece, end = ''] = HEADS[name] ?? [];
  let at = 0;
  // The connection may have served before.
  const before = socket.bytesWritten;
  socket.write(begin);
  const fill = (): void => {
    let goesOn = true;
    while (goesOn && at < SIZE && socket.writable) {
      goesOn = socket.write(frame(patternAt(at, PIECE)));
      at += PIECE;
      if (at >= SIZE) socket.write(end);
    }
  };
  socket.on('drain', fill);
  fill();
  return { taken: () => socket.bytesWritten - socket.writableLength - before };
}

interface Reader {
  readonly socket: TLSSocket;
  /** Body bytes, unframed, and their digest so far. */
  body(): number;
  digest(): string;
}

/** A client that asks and reads nothing until its socket is resumed. */
function ask(gate: TestGate, isChunked: boolean): Promise<Reader> {
  return new Promise((resolve) => {
    const socket = connectTls({
      port: gate.port,
      host: '127.0.0.1',
      ca: gate.ca,
      ALPNProtocols: ['http/1.1'],
    });
    const hash = createHash('sha256');
    let body = 0;
    let rest: Buffer = Buffer.alloc(0);
    let left = -1;
    const take = (): void => {
      for (;;) {
        if (left < 0) {
          const end = rest.indexOf('\r\n\r\n');
          if (end < 0) return;
          rest = rest.subarray(end + 4);
          left = isChunked ? 0 : SIZE;
        }
        if (left === 0 && isChunked) {
          // What is left of the chunk before, then a size.
          const line = /^(?:\r\n)?([0-9a-f]+)\r\n/.exec(rest.toString('latin1', 0, 20));
          if (line === null || line[1] === '0') return;
          rest = rest.subarray(line[0].length);
          left = Number.parseInt(line[1] ?? '', 16);
        }
        const part = rest.subarray(0, left);
        if (part.length === 0) return;
        hash.update(part);
        body += part.length;
        left -= part.length;
        rest = rest.subarray(part.length);
      }
    };
    socket.on('data', (chunk: Buffer) => {
      rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      take();
    });
    socket.once('secureConnect', () => {
      socket.pause();
      socket.write(head('GET', BLOB, `Authorization: ${gate.authorization}`));
      resolve({ socket, body: () => body, digest: () => hash.copy().digest('hex') });
    });
  });
}

/** Resolves once the number has not grown for so many looks in a row. */
async function standsStill(count: () => number): Promise<number> {
  let before = -1;
  let looks = 0;
  await eventually('it stands still', () => {
    looks = count() === before ? looks + 1 : 0;
    before = count();
    return looks >= 20;
  });
  return before;
}

describe.each(['http', 'https'])('a client that does not read, with a backend of %s', (scheme) => {
  let gate: TestGate;
  let backend: Backend;
  let lender: TestGate;
  let poured: Poured[] = [];
  let framing = 'a length';
  beforeAll(async () => {
    lender = await startTestGate({ backend: 'http://127.0.0.1:1' });
    const paths = certificatePaths(lender.certs);
    const pair = async (): Promise<{ cert: string; key: string }> => ({
      cert: await readFile(paths.certificate, 'utf8'),
      key: await readFile(paths.key, 'utf8'),
    });
    const place = scheme === 'https' ? { tls: await pair() } : {};
    backend = await startBackend((visit) => void poured.push(pour(visit, framing)), place);
    gate = await startTestGate({
      backend: backend.url,
      ...(scheme === 'https' ? { config: { backendCa: paths.authorityCertificate } } : {}),
    });
  });
  afterAll(async () => {
    await gate.close();
    await backend.close();
    await lender.close();
  });

  it.each(Object.keys(HEADS))(
    'with %s: the backend stops, and then all of it arrives as it was',
    async (name) => {
      framing = name;
      poured = [];
      const reader = await ask(gate, name !== 'a length');
      await eventually('it is asked', () => poured.length === 1);
      const taken = await standsStill(() => poured[0]?.taken() ?? 0);
      expect(taken).toBeLessThan(MOST_TAKEN);
      // In fits and starts, so that pausing and going on meet in every order.
      const stutter = setInterval(() => {
        if (reader.socket.isPaused()) reader.socket.resume();
        else reader.socket.pause();
      }, 3);
      await eventually('half of it is in', () => reader.body() > SIZE / 2);
      clearInterval(stutter);
      reader.socket.resume();
      await eventually('all of it is in', () => reader.body() >= SIZE);
      expect([reader.body(), reader.digest()]).toEqual([SIZE, EXPECTED]);
      reader.socket.destroy();
    },
  );

  it('four pulls at once, at different speeds, do not disturb each other', async () => {
    framing = 'a length';
    poured = [];
    const readers = await Promise.all(Array.from({ length: 4 }, () => ask(gate, false)));
    const timers = readers.map(({ socket }, nth) => {
      socket.resume();
      return setInterval(() => (socket.isPaused() ? socket.resume() : socket.pause()), nth * 2 + 1);
    });
    await eventually('all of them are in', () => readers.every((reader) => reader.body() >= SIZE));
    for (const timer of timers) clearInterval(timer);
    expect(readers.map((reader) => reader.digest())).toEqual(readers.map(() => EXPECTED));
    for (const { socket } of readers) socket.destroy();
  });
});
