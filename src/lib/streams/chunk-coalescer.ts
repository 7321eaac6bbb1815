import type { BufferPool } from './buffers.ts';

interface ChunkCoalescerOptions {
  /** The pool of buffers. Their size is the largest size of a piece. */
  readonly buffers: BufferPool;
  /** Delivers a piece, and calls `done` when its bytes are no longer read. */
  readonly deliver: (piece: Buffer, done: (error?: Error | null) => void) => void;
  /** Called when there is room again after `isFull` returned true. */
  readonly onRoom: () => void;
  /** Called when a piece was not delivered. No other one is delivered after it. */
  readonly onError: (error: Error) => void;
}

interface Piece {
  readonly buffer: Buffer;
  bytes: number;
}

/** No TLS record is larger. A larger chunk takes a third buffer. */
const LARGEST_CHUNK = 16 * 1024;

/**
 * Makes a few large pieces of many small chunks. A body arrives in records of 16 KiB, each in memory of its own. They
 * are copied into reused buffers, one of which is filled while the other is delivered, and their memory is freed at
 * once: the garbage collector would cost more than the copies do, and each delivery is a system call.
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

  /** Takes over a chunk together with its memory. The caller must not read it afterwards. */
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

  /** Reports whether no more chunks should be sent before `onRoom` is called. */
  isFull(): boolean {
    const piece = this.#filling;
    const isNearlyFull = piece !== undefined && piece.buffer.length - piece.bytes < LARGEST_CHUNK;
    this.#paused = this.#delivering && (isNearlyFull || this.#waiting.length > 0);
    return this.#paused;
  }

  /** Delivers what there is, even if it is little. */
  flush(): void {
    if (this.#filling !== undefined) this.#waiting.push(this.#filling);
    this.#filling = undefined;
    if (!this.#delivering) this.#deliver();
  }

  /** Resolves when all is delivered. Rejects if a delivery failed. */
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

/** Frees the memory of a chunk that does not share it, as chunks from a parser do not. */
function release({ buffer, byteLength }: Buffer): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0);
}
