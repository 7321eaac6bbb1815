import { BLOCK_BYTES, encodeHeader, paddingOf } from '../../tar/tar-header.ts';

const MOST_ENTRIES = 64;
const MOST_BYTES = 256 * 1024;
const ZEROS = Buffer.alloc(BLOCK_BYTES);

/**
 * Small entries of a tar that stand one behind the other and are written with one call: their places are known before
 * their bytes are.
 */
export class TarBlock {
  /** The position in the tar, in bytes. */
  readonly start: number;
  readonly #entries: (readonly Uint8Array[] | undefined)[] = [];
  #bytes = 0;
  #missing = 0;
  #isSealed = false;

  constructor(start: number) {
    this.start = start;
  }

  /** Takes a place for one more entry, and returns its number. */
  reserve(size: number): number {
    this.#bytes += BLOCK_BYTES + size + paddingOf(size);
    this.#missing += 1;
    if (this.#bytes >= MOST_BYTES) this.seal();
    const count = this.#entries.push(undefined);
    if (count === MOST_ENTRIES) this.seal();
    return count - 1;
  }

  /** Gives an entry its bytes, whose memory is not used again. */
  fill(entry: number, name: string, bytes: Uint8Array): void {
    const padding = ZEROS.subarray(0, paddingOf(bytes.length));
    this.#entries[entry] = [encodeHeader(name, bytes.length), bytes, padding];
    this.#missing -= 1;
  }

  /** No more entries come. */
  seal(): void {
    this.#isSealed = true;
  }

  get isSealed(): boolean {
    return this.#isSealed;
  }

  /** Whether all entries are there, and no more come. */
  get isWhole(): boolean {
    return this.#isSealed && this.#missing === 0;
  }

  /** All of it, if it is whole. */
  get parts(): readonly Uint8Array[] {
    return this.#entries.flatMap((parts) => parts ?? []);
  }
}
