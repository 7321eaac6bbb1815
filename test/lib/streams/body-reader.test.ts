import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { BodyReader } from '../../../src/lib/streams/body-reader.ts';
import { eventually } from '../../faults/scripted-backend.ts';

const MIB = 1024 * 1024;

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** The two ends of an upload whose head has arrived. */
async function upload(framing: string): Promise<{ readonly req: IncomingMessage; readonly client: Socket }> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const client = connect(port, '127.0.0.1').on('error', () => undefined);
  closing.push(
    () => void server.close(),
    () => void client.destroy(),
  );
  client.write(`PUT / HTTP/1.1\r\nHost: x\r\n${framing}\r\n\r\n`);
  const [req] = (await once(server, 'request')) as [IncomingMessage];
  return { req, client };
}

/** A tap that keeps what it takes, and is full whenever `isFull` says so. */
function keeping(
  req: IncomingMessage,
  isFull: () => boolean,
): { readonly tap: BodyReader; readonly taken: () => Buffer } {
  const pieces: Buffer[] = [];
  const tap = new BodyReader(req, undefined);
  tap.open((piece) => {
    pieces.push(Buffer.from(piece));
    tap.took(isFull());
  });
  return { tap, taken: () => Buffer.concat(pieces) };
}

describe('a tap', () => {
  const FRAMINGS: Readonly<Record<string, (body: Buffer) => readonly [string, Buffer]>> = {
    'a length': (body) => [`Content-Length: ${body.length}`, body],
    chunks: (body) => [
      'Transfer-Encoding: chunked',
      Buffer.concat([
        Buffer.from(`${body.length.toString(16)}\r\n`),
        body,
        Buffer.from('\r\n0\r\nX-Trailer: 1\r\n\r\n'),
      ]),
    ],
  };
  for (const [name, frame] of Object.entries(FRAMINGS)) {
    it(`hands over every byte of a body with ${name}, that which came before first`, async () => {
      const body = randomBytes(3 * MIB);
      const [framing, bytes] = frame(body);
      const { req, client } = await upload(framing);
      client.write(bytes.subarray(0, 1000));
      await eventually('the beginning', () => req.readableLength > 0);
      const { taken } = keeping(req, () => false);
      client.write(bytes.subarray(1000));
      await once(req, 'end');
      expect(taken().equals(body)).toBe(true);
      expect(req.complete).toBe(true);
    });
  }

  it('that is full keeps the rest out of our memory, and goes on when there is room', async () => {
    const body = randomBytes(16 * MIB);
    const { req, client } = await upload(`Content-Length: ${body.length}`);
    let isFull = true;
    const { tap, taken } = keeping(req, () => isFull);
    client.write(body);
    await eventually('the first piece', () => taken().length > 0);
    const before = req.socket.bytesRead;
    // As many turns as would let much more come.
    for (let turn = 0; turn < 100; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    expect(req.socket.bytesRead - before).toBeLessThan(MIB / 4);
    expect(req.readableLength).toBe(0);
    expect(tap.isFull).toBe(true);
    isFull = false;
    tap.room();
    await once(req, 'end');
    expect(taken().equals(body)).toBe(true);
  });

  it('that is full again and again loses nothing', async () => {
    const body = randomBytes(4 * MIB);
    const { req, client } = await upload(`Content-Length: ${body.length}`);
    const { tap, taken } = keeping(req, () => {
      setImmediate(() => tap.room());
      return true;
    });
    client.write(body);
    await once(req, 'end');
    expect(taken().equals(body)).toBe(true);
  });

  it('that is released lets the rest go by, full or not', async () => {
    for (const full of [true, false]) {
      const { req, client } = await upload(`Content-Length: ${4 * MIB}`);
      const { tap, taken } = keeping(req, () => full);
      client.write(randomBytes(MIB));
      await eventually('the first piece', () => taken().length > 0);
      tap.release();
      const before = taken().length;
      client.write(randomBytes(3 * MIB));
      await once(req, 'end');
      expect(taken().length).toBe(before);
    }
  });

  it('hears of a client that is gone', async () => {
    const { req, client } = await upload(`Content-Length: ${MIB}`);
    req.on('error', () => undefined);
    const { taken } = keeping(req, () => false);
    client.write(randomBytes(1000));
    await eventually('the first piece', () => taken().length === 1000);
    client.destroy();
    await new Promise((resolve) => req.once('close', resolve));
    expect(req.complete).toBe(false);
  });
});
