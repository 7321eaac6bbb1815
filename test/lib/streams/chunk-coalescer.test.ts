import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { transferBuffers } from '../../../src/lib/streams/buffers.ts';
import { ChunkCoalescer } from '../../../src/lib/streams/chunk-coalescer.ts';

const BUFFER = 512 * 1024;
type Done = (error?: Error | null) => void;

/** A gatherer whose deliveries end when the test says so. */
function slow(): {
  readonly gatherer: ChunkCoalescer;
  readonly pieces: readonly Buffer[];
  readonly rooms: () => number;
  readonly errors: readonly Error[];
  readonly end: Done;
} {
  const pieces: Buffer[] = [];
  const errors: Error[] = [];
  let pending: Done | undefined;
  let rooms = 0;
  const gatherer = new ChunkCoalescer({
    buffers: transferBuffers,
    deliver: (piece, done) => {
      if (pending !== undefined) throw new Error('two at once');
      pieces.push(piece);
      pending = done;
    },
    onRoom: () => (rooms += 1),
    onError: (error) => errors.push(error),
  });
  const end: Done = (error) => {
    const done = pending;
    pending = undefined;
    done?.(error);
  };
  return { gatherer, pieces, rooms: () => rooms, errors, end };
}

/** Bytes in memory of their own, as a parser hands them over. */
function copyOf(bytes: Buffer): Buffer {
  const chunk = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(chunk);
  return chunk;
}

describe('chunks become pieces', () => {
  const SIZES = [1, 100, 16_384, 65_536, BUFFER - 1, BUFFER, BUFFER + 1, 3 * BUFFER + 7];
  for (const size of SIZES) {
    it(`of every byte in its order, in chunks of ${size}`, async () => {
      const bytes = randomBytes(2_000_000);
      const got: Buffer[] = [];
      const gatherer = new ChunkCoalescer({
        buffers: transferBuffers,
        // Read only when it is over: whoever wrote into a piece before is found out.
        deliver: (piece, done) =>
          setImmediate(() => {
            got.push(Buffer.from(piece));
            done(null);
          }),
        onRoom: () => undefined,
        onError: () => undefined,
      });
      for (let at = 0; at < bytes.length && at < size * 2000; at += size) {
        gatherer.take(copyOf(bytes.subarray(at, at + size)));
      }
      await gatherer.finish();
      const whole = bytes.subarray(0, size * 2000);
      expect(Buffer.concat(got).equals(whole)).toBe(true);
      expect(got.length).toBe(Math.ceil(whole.length / BUFFER));
    });
  }

  it('that stand as they are until they are delivered', () => {
    const { gatherer, pieces, end } = slow();
    const first = randomBytes(BUFFER);
    const second = randomBytes(BUFFER);
    gatherer.take(copyOf(first));
    gatherer.take(copyOf(second));
    expect(pieces.map((piece) => piece.equals(first))).toEqual([true]);
    end();
    expect(pieces[1]?.equals(second)).toBe(true);
  });

  it('of what there is, when they are flushed', () => {
    const { gatherer, pieces, end } = slow();
    gatherer.flush();
    gatherer.take(copyOf(Buffer.from('one')));
    expect(pieces.length).toBe(0);
    gatherer.flush();
    gatherer.take(copyOf(Buffer.from('two')));
    gatherer.flush();
    expect(pieces.map(String)).toEqual(['one']);
    end();
    expect(pieces.map(String)).toEqual(['one', 'two']);
  });
});

describe('the memory of a chunk', () => {
  it('is given back when the chunk has it to itself', () => {
    const { gatherer } = slow();
    const chunk = copyOf(randomBytes(16_384));
    gatherer.take(chunk);
    expect(chunk.buffer.byteLength).toBe(0);
  });

  const SHARED: readonly (readonly [string, (whole: Buffer) => Buffer])[] = [
    ['the beginning of other memory', (whole) => whole.subarray(0, 100)],
    ['the end of other memory', (whole) => whole.subarray(100)],
    ['all but one byte of other memory', (whole) => whole.subarray(1)],
  ];
  for (const [name, part] of SHARED) {
    it(`stays when it is ${name}`, () => {
      const { gatherer, pieces } = slow();
      const bytes = randomBytes(16_384);
      const whole = copyOf(bytes);
      gatherer.take(part(whole));
      gatherer.flush();
      expect(whole.equals(bytes)).toBe(true);
      expect(pieces[0]?.equals(part(bytes))).toBe(true);
    });
  }

  it('stays when another thread may see it', () => {
    const { gatherer } = slow();
    const chunk = Buffer.from(new SharedArrayBuffer(100));
    gatherer.take(chunk);
    expect(chunk.length).toBe(100);
  });
});

describe('room', () => {
  it('ends while one piece is delivered and the next is nearly full, and is back when it is delivered', () => {
    const { gatherer, pieces, rooms, end } = slow();
    gatherer.take(copyOf(randomBytes(BUFFER)));
    expect(gatherer.isFull()).toBe(false);
    gatherer.take(copyOf(randomBytes(BUFFER - 16_384)));
    expect(gatherer.isFull()).toBe(false);
    gatherer.take(copyOf(randomBytes(1)));
    expect(gatherer.isFull()).toBe(true);
    expect(rooms()).toBe(0);
    end();
    expect(rooms()).toBe(1);
    expect(gatherer.isFull()).toBe(false);
    expect(pieces.map(({ length }) => length)).toEqual([BUFFER, BUFFER - 16_383]);
    end();
    expect(rooms()).toBe(1);
  });
});

describe('a piece that is not delivered', () => {
  it('is the last one, and finish rejects', async () => {
    const { gatherer, pieces, rooms, errors, end } = slow();
    for (let i = 0; i < 3; i += 1) gatherer.take(copyOf(randomBytes(BUFFER)));
    expect(gatherer.isFull()).toBe(true);
    const full = new Error('no space left');
    end(full);
    expect({ delivered: pieces.length, rooms: rooms(), errors }).toEqual({
      delivered: 1,
      rooms: 0,
      errors: [full],
    });
    gatherer.take(copyOf(randomBytes(2 * BUFFER)));
    await expect(gatherer.finish()).rejects.toBe(full);
    expect(pieces.length).toBe(1);
    expect(errors.length).toBe(1);
  });

  it('shows in a finish that waits for it', async () => {
    const { gatherer, end } = slow();
    gatherer.take(copyOf(randomBytes(10)));
    const finished = gatherer.finish();
    end(new Error('no space left'));
    await expect(finished).rejects.toThrow('no space left');
  });
});
