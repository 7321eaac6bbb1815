import type { BufferPool } from './buffers.ts';

export interface ChunkCoalescerOptions {
  /** Where the buffers come from, whose size is the largest of a piece. */
  readonly buffers: BufferPool;
  /** Takes a piece to where it belongs, and calls `done` once nobody reads from its bytes any more. */
  readonly deliver: (piece: Buffer, done: (error?: Error | null) => void) => void;
  /** There is room again, after `isFull` has said that there is none. */
  readonly onRoom: () => void;
  /** A piece was not delivered, and none will be after it. */
  readonly onError: (error: Error) => void;
}

interface Piece {
  readonly buffer: Buffer;
  bytes: number;
}

/** No TLS record holds more; what does all the same costs a third buffer. */
const LARGEST_CHUNK = 16 * 1024;

/**
 * Makes few large pieces of many small chunks. A body comes in records of 16 KiB, each in memory of its own: they are
 * copied into buffers that are used again, one being filled while the other is delivered, and their memory is given back
 * at once. Leaving that to the collector costs more than the copies do, and each delivery is a trip into the kernel.
 */
export class ChunkCoalescer {
  readonly #options: ChunkCoalescerOptions;
  readonly #waiting: Piece[] = [];
  #filling: Piece | undefined;
  #delivering = false;
  #paused = false;
  #error: Error | undefined;
  #finished: (() => void) | undefined;

  constructor(options: ChunkCoalescerOptions) {
    this.#options = options;
  }

  /** Takes over a chunk together with its memory: nobody may look at it after this. */
  take(chunk: Buffer): void {
    for (let taken = 0; taken < chunk.length;) {
      const piece = (this.#filling ??= { buffer: this.#options.buffers.take(), bytes: 0 });
      const copied = chunk.copy(piece.buffer, piece.bytes, taken);
      taken += copied;
      piece.bytes += copied;
      if (piece.bytes === piece.buffer.length) this.flush();
    }
    release(chunk);
  }

  /** Whether nothing more should be sent before `onRoom`. */
  isFull(): boolean {
    const piece = this.#filling;
    const isNearlyFull = piece !== undefined && piece.buffer.length - piece.bytes < LARGEST_CHUNK;
    this.#paused = this.#delivering && (isNearlyFull || this.#waiting.length > 0);
    return this.#paused;
  }

  /** Delivers what there is, little as it may be. */
  flush(): void {
    if (this.#filling !== undefined) this.#waiting.push(this.#filling);
    this.#filling = undefined;
    if (!this.#delivering) this.#deliver();
  }

  /** Resolves when all is delivered; rejects where that failed. */
  async finish(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#finished = resolve;
      this.flush();
    });
    if (this.#error !== undefined) throw this.#error;
  }

  #deliver(): void {
    const piece = this.#waiting.shift();
    if (piece === undefined) {
      this.#finished?.();
      return;
    }
    if (this.#error !== undefined) {
      this.#options.buffers.give(piece.buffer);
      this.#deliver();
      return;
    }
    this.#delivering = true;
    this.#options.deliver(piece.buffer.subarray(0, piece.bytes), (error) => {
      this.#delivering = false;
      this.#options.buffers.give(piece.buffer);
      if (error !== undefined && error !== null) this.#fail(error);
      else this.#goOn();
    });
  }

  #goOn(): void {
    if (this.#paused) this.flush();
    else this.#deliver();
    if (!this.#paused) return;
    this.#paused = false;
    this.#options.onRoom();
  }

  #fail(error: Error): void {
    this.#error = error;
    this.flush();
    this.#options.onError(error);
  }
}

/** Frees the memory of a chunk that has it to itself, as each one that a parser hands over does. */
function release({ buffer, byteLength }: Buffer): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0);
}
