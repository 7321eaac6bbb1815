import type { Duplex, Writable } from 'node:stream';
import { finished, pipeline } from 'node:stream/promises';
import { createCompressor } from '../../compression/compress.ts';
import { writePiece } from '../../compression/write-piece.ts';
import type { Compression } from '../../model/media-types.ts';
import type { Pieces } from '../../store.ts';
import { BLOCK_BYTES, encodeHeader, paddingOf } from '../../tar/tar-header.ts';
import type { TarWriter } from './tar-writer.ts';

/** Writes a tar into a stream, one entry after the other, in the order of the calls. After a failure it takes no more. */
export class StreamTarWriter implements TarWriter {
  readonly #stream: Writable;
  readonly #done: Promise<void>;
  readonly #endsStream: boolean;
  #turn: Promise<void> = Promise.resolve();

  /** `output` is ended only if `endsOutput`. */
  constructor(output: Writable, compression: Compression, endsOutput: boolean) {
    const compressor: Duplex | undefined = compression === 'none' ? undefined : createCompressor(compression);
    this.#stream = compressor ?? output;
    this.#endsStream = endsOutput || compressor !== undefined;
    if (compressor !== undefined) this.#done = pipeline(compressor, output, { end: endsOutput });
    else this.#done = endsOutput ? finished(output) : Promise.resolve();
    // It is awaited at the end; a failure shows in the next write too.
    this.#done.catch(() => undefined);
  }

  add(name: string, size: number, read: () => Pieces): Promise<void> {
    this.#turn = this.#turn.then(async () => {
      await writePiece(this.#stream, encodeHeader(name, size));
      for await (const piece of read()) await writePiece(this.#stream, piece);
      await writePiece(this.#stream, Buffer.alloc(paddingOf(size)));
    });
    return this.#turn;
  }

  addWhole(name: string, size: number, read: () => Promise<Uint8Array>): Promise<void> {
    const reading = read();
    // It is awaited in its turn.
    reading.catch(() => undefined);
    this.#turn = this.#turn.then(async () => {
      const parts = [encodeHeader(name, size), await reading, Buffer.alloc(paddingOf(size))];
      await writePiece(this.#stream, Buffer.concat(parts));
    });
    return this.#turn;
  }

  async end(): Promise<void> {
    await this.#turn;
    await writePiece(this.#stream, Buffer.alloc(2 * BLOCK_BYTES));
    if (!this.#endsStream) return;
    this.#stream.end();
    await this.#done;
  }
}
