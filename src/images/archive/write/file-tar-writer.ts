import type { FileHandle } from 'node:fs/promises';
import type { Pieces } from '../../store.ts';
import { BLOCK_BYTES, encodeHeader, paddingOf } from '../../tar/tar-header.ts';
import { TarBlock } from './tar-block.ts';
import type { TarWriter } from './tar-writer.ts';
import { writeAll, writeParts } from '../../../lib/files/write-all.ts';

/** The place of a small entry. */
interface PlaceInBlock {
  readonly block: TarBlock;
  readonly entry: number;
}

/**
 * Writes a tar into a new file. Entries get their places in the order of the calls, and are then written side by side,
 * small ones together. An entry that failed keeps its place, for the next try.
 */
export class FileTarWriter implements TarWriter {
  readonly #file: FileHandle;
  /** The places of entries that are not written, by name and size. */
  readonly #failed = new Map<string, number>();
  readonly #failedSmall = new Map<string, PlaceInBlock>();
  /** What small entries are added to. */
  #block: TarBlock | undefined;
  /** Resolves when the blocks before are written. */
  #writing: Promise<unknown> = Promise.resolve();
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
          ? await writeParts(this.#file, [encodeHeader(name, size), piece], start)
          : await writeAll(this.#file, piece, position);
    if (position === start) await writeAll(this.#file, encodeHeader(name, size), start);
    this.#failed.delete(key);
  }

  async addWhole(name: string, size: number, read: () => Promise<Uint8Array>): Promise<void> {
    const key = `${name} ${size}`;
    const place = this.#failedSmall.get(key) ?? this.#reserveSmall(size);
    this.#failedSmall.set(key, place);
    const bytes = await read();
    if (bytes.length !== size) throw new RangeError(`${name} has ${bytes.length} bytes instead of ${size}`);
    this.#failedSmall.delete(key);
    place.block.fill(place.entry, name, bytes);
    // Who completes a block waits for the disk: no more is held than there are entries on their way.
    if (place.block.isWhole) await this.#write(place.block);
  }

  async end(): Promise<void> {
    this.#seal();
    await this.#writing;
    if (this.#failed.size + this.#failedSmall.size > 0)
      throw new Error('an entry of the tar was not written');
    // The padding of large entries are holes in the file, which read as zeros.
    await this.#file.truncate(this.#end + 2 * BLOCK_BYTES);
  }

  #reserve(size: number): number {
    this.#seal();
    return this.#advance(size);
  }

  #reserveSmall(size: number): PlaceInBlock {
    if (this.#block?.isSealed !== false) this.#block = new TarBlock(this.#end);
    this.#advance(size);
    return { block: this.#block, entry: this.#block.reserve(size) };
  }

  #advance(size: number): number {
    const start = this.#end;
    this.#end += BLOCK_BYTES + size + paddingOf(size);
    return start;
  }

  /** What comes next stands elsewhere. */
  #seal(): void {
    const block = this.#block;
    this.#block = undefined;
    if (block === undefined || block.isSealed) return;
    block.seal();
    // A failure is thrown at the end.
    if (block.isWhole) this.#write(block).catch(() => undefined);
  }

  async #write(block: TarBlock): Promise<void> {
    const before = this.#writing;
    const writing = (async () => {
      await before;
      await writeParts(this.#file, block.parts, block.start);
    })();
    this.#writing = writing;
    await writing;
  }
}
