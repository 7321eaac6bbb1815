import { invalidImage } from '../../model/descriptor.ts';
import type { Pieces } from '../../store.ts';

/** Reads a stream in the portions that its format asks for. */
export class ByteReader {
  readonly #source: AsyncIterator<Uint8Array>;
  readonly #onBytes: (count: number) => void;
  #piece: Buffer = Buffer.alloc(0);
  #at = 0;

  /** `onBytes` is told of all bytes that come, before they are used, and may throw. */
  constructor(pieces: Pieces, onBytes: (count: number) => void) {
    this.#source = pieces[Symbol.asyncIterator]();
    this.#onBytes = onBytes;
  }

  /** Returns the next bytes if they are here already. They are valid until the next call. */
  readNow(count: number): Buffer | undefined {
    if (this.#piece.length - this.#at < count) return undefined;
    this.#at += count;
    return this.#piece.subarray(this.#at - count, this.#at);
  }

  /** Returns the next bytes, or undefined at the end of the stream. Throws AppError IMAGE_INVALID if it ends in between. */
  async read(count: number): Promise<Buffer | undefined> {
    const whole = this.readNow(count);
    if (whole !== undefined) return whole;
    const bytes = Buffer.alloc(count);
    let filled = 0;
    while (filled < count) {
      if (this.#at === this.#piece.length && !(await this.#next())) {
        if (filled === 0) return undefined;
        throw truncated();
      }
      const taken = this.#piece.copy(bytes, filled, this.#at);
      this.#at += taken;
      filled += taken;
    }
    return bytes;
  }

  /** Passes over the next bytes if they are here already. */
  skipNow(count: number): boolean {
    const isHere = this.#piece.length - this.#at >= count;
    if (isHere) this.#at += count;
    return isHere;
  }

  async skip(count: number): Promise<void> {
    let rest = count;
    while (rest > this.#piece.length - this.#at) {
      rest -= this.#piece.length - this.#at;
      if (!(await this.#next())) throw truncated();
    }
    this.#at += rest;
  }

  /** Hands over the next bytes as they come. */
  async *take(count: number): AsyncGenerator<Uint8Array> {
    let rest = count;
    while (rest > 0) {
      if (this.#at === this.#piece.length && !(await this.#next())) throw truncated();
      const piece = this.#piece.subarray(this.#at, this.#at + rest);
      this.#at += piece.length;
      rest -= piece.length;
      yield piece;
    }
  }

  /** Reads to the end, where digests are checked. */
  async drain(): Promise<void> {
    while (await this.#next());
  }

  async close(): Promise<void> {
    await this.#source.return?.();
  }

  async #next(): Promise<boolean> {
    const { value, done } = await this.#source.next();
    if (done === true) {
      this.#piece = Buffer.alloc(0);
      this.#at = 0;
      return false;
    }
    this.#piece = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    this.#at = 0;
    this.#onBytes(value.byteLength);
    return true;
  }
}

function truncated(): Error {
  return invalidImage('a layer of it ends in the middle of a file');
}
