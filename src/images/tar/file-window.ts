import type { FileHandle } from 'node:fs/promises';

const WINDOW_BYTES = 64 * 1024;

/** Reads small pieces of a file one after the other, many with one read of the disk. */
export class FileWindow {
  readonly #file: FileHandle;
  readonly #window = Buffer.allocUnsafeSlow(WINDOW_BYTES);
  #from = 0;
  #bytes = 0;

  constructor(file: FileHandle) {
    this.#file = file;
  }

  /** Returns the bytes at a position, fewer at the end of the file. They are valid until the next read. */
  async read(position: number, length: number): Promise<Buffer> {
    if (length > WINDOW_BYTES) return readFully(this.#file, Buffer.allocUnsafeSlow(length), position);
    if (position < this.#from || position + length > this.#from + this.#bytes) {
      this.#from = position;
      this.#bytes = (await readFully(this.#file, this.#window, position)).length;
    }
    const start = position - this.#from;
    return this.#window.subarray(start, Math.min(start + length, this.#bytes));
  }
}

/** Fills the buffer from a position on, and returns the part that was filled: all of it, except at the end of the file. */
export async function readFully(file: FileHandle, buffer: Buffer, position: number): Promise<Buffer> {
  let filled = 0;
  while (filled < buffer.length) {
    const { bytesRead } = await file.read(buffer, filled, buffer.length - filled, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
}
