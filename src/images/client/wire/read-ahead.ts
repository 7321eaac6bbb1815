import type { Readable } from 'node:stream';

/** How much is read while the pieces before are worked on, in bytes. */
const AHEAD = 1024 * 1024;
/** Nor more pieces than this: a registry may send them byte by byte. */
const MOST_PIECES = 512;

/**
 * Reads a stream piece by piece, as they arrived, and goes on reading while a piece is worked on. Iterating over the
 * stream itself joins what has arrived meanwhile, which copies every byte once more. The stream is destroyed at the end.
 * Throws what the stream failed with, ERR_STREAM_PREMATURE_CLOSE if it was closed before its end.
 */
export async function* readAhead(stream: Readable): AsyncGenerator<Uint8Array, void, undefined> {
  const arrived = new Arrived(stream);
  try {
    for (let piece = await arrived.next(); piece !== undefined; piece = await arrived.next()) yield piece;
  } finally {
    stream.destroy();
  }
}

/** The pieces that have arrived and wait. */
class Arrived {
  readonly #stream: Readable;
  readonly #pieces: Uint8Array[] = [];
  #bytes = 0;
  #isOver = false;
  #failure: unknown;
  #wake: () => void = () => undefined;

  constructor(stream: Readable) {
    this.#stream = stream;
    // What happened before anybody listened is not told again.
    if (stream.errored !== null) this.#end(stream.errored);
    else if (stream.destroyed || stream.readableEnded) this.#close();
    stream.on('data', (piece: Uint8Array) => this.#take(piece));
    stream.on('end', () => this.#end(undefined)).on('error', (error) => this.#end(error));
    stream.on('close', () => this.#close());
  }

  /** Returns the next piece; undefined at the end. */
  async next(): Promise<Uint8Array | undefined> {
    while (this.#pieces.length === 0 && !this.#isOver)
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    const piece = this.#pieces.shift();
    if (piece === undefined && this.#failure !== undefined) throw this.#failure;
    this.#bytes -= piece?.byteLength ?? 0;
    if (!this.#isFull && this.#stream.isPaused()) this.#stream.resume();
    return piece;
  }

  #take(piece: Uint8Array): void {
    this.#pieces.push(piece);
    this.#bytes += piece.byteLength;
    if (this.#isFull) this.#stream.pause();
    this.#wake();
  }

  get #isFull(): boolean {
    return this.#bytes >= AHEAD || this.#pieces.length >= MOST_PIECES;
  }

  #end(failure: unknown): void {
    if (!this.#isOver) this.#failure = failure;
    this.#isOver = true;
    this.#wake();
  }

  #close(): void {
    const early = Object.assign(new Error('the stream was closed early'), {
      code: 'ERR_STREAM_PREMATURE_CLOSE',
    });
    this.#end(this.#stream.readableEnded ? undefined : early);
  }
}
