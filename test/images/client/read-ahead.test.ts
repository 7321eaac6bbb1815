import { PassThrough, Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { readAhead } from '../../../src/images/client/wire/read-ahead.ts';

const MIB = 1024 * 1024;

async function all(stream: Readable): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const piece of readAhead(stream)) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

describe('a stream that is read ahead', () => {
  it('gives its pieces as they came, and does not join them', async () => {
    const stream = new PassThrough();
    for (const piece of ['one', 'two', 'three']) stream.write(piece);
    stream.end();
    const pieces: string[] = [];
    for await (const piece of readAhead(stream)) pieces.push(Buffer.from(piece).toString());
    expect(pieces).toEqual(['one', 'two', 'three']);
    expect(stream.destroyed).toBe(true);
  });

  it('is paused when a mebibyte waits, and goes on when it is taken', async () => {
    const sizes = Array.from({ length: 64 }, () => 256 * 1024);
    let made = 0;
    const stream = new Readable({
      highWaterMark: 1,
      read() {
        const size = sizes[made];
        made += size === undefined ? 0 : 1;
        this.push(size === undefined ? null : Buffer.alloc(size));
      },
    });
    let read = 0;
    for await (const piece of readAhead(stream)) {
      read += piece.byteLength;
      // Everything that can happen meanwhile has happened before the next piece is asked for.
      await new Promise((resolve) => setImmediate(resolve));
      expect(made * 256 * 1024 - read).toBeLessThanOrEqual(MIB + 512 * 1024);
    }
    expect(read).toBe(64 * 256 * 1024);
  });

  it('is paused when 512 pieces wait, however small they are', async () => {
    const most = 20_000;
    let made = 0;
    const stream = new Readable({
      highWaterMark: 1,
      read() {
        made += 1;
        this.push(made > most ? null : Buffer.alloc(1));
      },
    });
    let read = 0;
    let waiting = 0;
    for await (const piece of readAhead(stream)) {
      read += piece.byteLength;
      waiting = Math.max(waiting, made - read);
      if (read <= 100) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(read).toBe(most);
    expect(waiting).toBeGreaterThan(400);
    expect(waiting).toBeLessThanOrEqual(520);
  });

  it('fails as the stream fails, behind what came before', async () => {
    const stream = new PassThrough();
    const pieces: string[] = [];
    const reading = (async () => {
      for await (const piece of readAhead(stream)) {
        pieces.push(Buffer.from(piece).toString());
        stream.destroy(new Error('broken'));
      }
    })();
    stream.write('one');
    await expect(reading).rejects.toThrow('broken');
    expect(pieces).toEqual(['one']);
  });

  it.each<[string, (stream: PassThrough) => void, unknown]>([
    ['had failed before', (stream) => void stream.destroy(new Error('gone')), { message: 'gone' }],
    ['had been closed before', (stream) => void stream.destroy(), { code: 'ERR_STREAM_PREMATURE_CLOSE' }],
  ])('that %s is told so', async (_name, act, expected) => {
    const stream = new PassThrough();
    stream.on('error', () => undefined);
    act(stream);
    await new Promise((resolve) => stream.once('close', resolve));
    await expect(all(stream)).rejects.toMatchObject(expected as object);
  });

  it('that is closed on the way is told so', async () => {
    const stream = new PassThrough();
    const reading = all(stream);
    stream.write('one');
    setImmediate(() => stream.destroy());
    await expect(reading).rejects.toMatchObject({ code: 'ERR_STREAM_PREMATURE_CLOSE' });
  });

  it('is destroyed when its reader leaves', async () => {
    const stream = new PassThrough();
    stream.write('one');
    for await (const piece of readAhead(stream)) {
      expect(piece.byteLength).toBe(3);
      break;
    }
    expect(stream.destroyed).toBe(true);
  });
});
