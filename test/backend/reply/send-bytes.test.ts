import { createServer, type ServerResponse } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { Transfer, type Job } from '../../../src/backend/reply/job.ts';
import { hasRoomFor, sendBytes } from '../../../src/backend/reply/send-bytes.ts';

const MIB = 1024 * 1024;

interface Sent {
  readonly bytes: Buffer;
  /** Most bytes that waited in the response. */
  readonly mostQueued: number;
  readonly counted: number;
}

/** Sends a body to a client that reads it, or that leaves after the first piece. */
async function send(body: Buffer, leaves = false): Promise<Sent> {
  const pieces: Buffer[] = [];
  let mostQueued = 0;
  let counted = 0;
  const sent = Promise.withResolvers<void>();
  const server = createServer((req, res: ServerResponse) => {
    const write = res.write.bind(res) as (piece: Buffer, done: () => void) => boolean;
    res.write = ((piece: Buffer, done: () => void) => {
      const isRoom = write(piece, done);
      mostQueued = Math.max(mostQueued, res.writableLength);
      return isRoom;
    }) as ServerResponse['write'];
    const job = { req, res, count: (_direction: string, bytes: number) => (counted += bytes) };
    sendBytes(new Transfer(job as unknown as Job), body).then(sent.resolve, sent.reject);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
  socket.on('data', (piece: Buffer) => {
    pieces.push(piece);
    if (leaves) socket.destroy();
  });
  await Promise.all([sent.promise, once(socket, 'close')]);
  await new Promise((resolve) => server.close(resolve));
  return { bytes: Buffer.concat(pieces), mostQueued, counted };
}

describe('an answer from memory', () => {
  it('goes out whole, and no more than a piece of it waits', async () => {
    const body = Buffer.alloc(8 * MIB, 'a');
    expect(hasRoomFor(body)).toBe(true);
    const { bytes, mostQueued, counted } = await send(body);
    expect(bytes.toString('latin1').replaceAll(/[^a]/g, '').length).toBeGreaterThanOrEqual(body.length);
    expect(counted).toBe(body.length);
    expect(mostQueued).toBeLessThanOrEqual(256 * 1024);
  });

  it('ends with a client that leaves', async () => {
    const body = Buffer.alloc(64 * MIB, 'a');
    expect(hasRoomFor(body)).toBe(true);
    const { counted } = await send(body, true);
    expect(counted).toBeLessThan(body.length);
  });

  it('has room as long as all of them are bounded, the same bytes counted once', async () => {
    const body = Buffer.alloc(100 * MIB);
    const other = Buffer.alloc(100 * MIB);
    expect(hasRoomFor(body)).toBe(true);
    expect(hasRoomFor(body)).toBe(true);
    expect(hasRoomFor(other)).toBe(false);
    expect(hasRoomFor(Buffer.alloc(1000))).toBe(true);
    await send(body, true);
    expect(hasRoomFor(other)).toBe(false);
    await send(body, true);
    expect(hasRoomFor(other)).toBe(true);
    await send(other, true);
  });
});
