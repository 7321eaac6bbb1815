import type { FileHandle } from 'node:fs/promises';
import type { Pieces } from '../../store.ts';
import { BLOCK_BYTES, encodeHeader, paddingOf } from '../../tar/tar-header.ts';
import type { TarWriter } from './tar-writer.ts';
import { writeAll, writeBoth } from '../../../lib/files/write-all.ts';

/**
 * Writes a tar into a new file. Entries get their places in the order of the calls, and are then written side by side.
 * An entry that failed keeps its place, for the next try.
 */
export class FileTarWriter implements TarWriter {
  readonly #file: FileHandle;
  readonly #failed = new Map<string, number>();
  #end = 0;

  constructor(file: FileHandle) {
    this.#file = file;
  }

  async add(name: string, size: number, read: () => Pieces): Promise<void> {
    const key = `${name} ${size}`;
    const start = this.#failed.get(key) ?? this.#reserve(size);
    this.#failed.set(key, start);
    let position = start;
    for await (const piece of read())
      position +=
        position === start
          ? await writeBoth(this.#file, [encodeHeader(name, size), piece], start)
          : await writeAll(this.#file, piece, position);
    if (position === start) await writeAll(this.#file, encodeHeader(name, size), start);
    this.#failed.delete(key);
  }

  async end(): Promise<void> {
    if (this.#failed.size > 0) throw new Error('an entry of the tar was not written');
    // The padding of entries are holes in the file, which read as zeros.
    await this.#file.truncate(this.#end + 2 * BLOCK_BYTES);
  }

  #reserve(size: number): number {
    const start = this.#end;
    this.#end += BLOCK_BYTES + size + paddingOf(size);
    return start;
  }
}
