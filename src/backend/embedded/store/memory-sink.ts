import type { Problem } from '../../../oci/problem.ts';
import type { Sink } from './receive-body.ts';
import { BODIES_FULL } from '../disk/refusals.ts';

/** Memory that each body may take without being counted; the number of connections bounds it. */
const SMALL = 64 * 1024;
const FIRST_BLOCK = 4 * 1024;
/** The most memory beyond that, for all bodies together. */
const MOST_LARGE = 64 * 1024 * 1024;

/** Counts the memory of manifests that are being received. Small bodies always fit; large ones share a limit. */
export class BodyMemory {
  #held = 0;

  /** Returns false if this many more bytes do not fit. */
  hold(bytes: number): boolean {
    if (this.#held + bytes > MOST_LARGE) return false;
    this.#held += bytes;
    return true;
  }

  release(bytes: number): void {
    this.#held -= bytes;
  }
}

/** Keeps a manifest in memory, in blocks, since a body may arrive byte by byte. The size of manifests is limited. */
export class MemorySink implements Sink {
  onRoom = (): void => undefined;
  onError = (): void => undefined;
  refusal: Problem | undefined;
  readonly #memory: BodyMemory;
  #blocks: Buffer[] = [];
  #bytes = 0;
  #room = 0;
  #held = 0;

  constructor(memory: BodyMemory) {
    this.#memory = memory;
  }

  write(chunk: Buffer): void {
    for (let from = 0; from < chunk.length;) {
      if (this.#room === 0 && !this.#grow()) return;
      const block = this.#blocks.at(-1) ?? Buffer.alloc(0);
      const copied = chunk.copy(block, block.length - this.#room, from);
      from += copied;
      this.#room -= copied;
      this.#bytes += copied;
    }
  }

  isFull(): boolean {
    return false;
  }

  async finish(): Promise<void> {}

  /** Returns the whole body. It counts until `close`. */
  bytes(): Buffer {
    const whole = Buffer.allocUnsafeSlow(this.#bytes);
    let at = 0;
    for (const block of this.#blocks) at += block.copy(whole, at, 0, this.#bytes - at);
    this.#blocks = [];
    this.#room = 0;
    return whole;
  }

  /** Releases the memory. */
  close(): void {
    this.#memory.release(this.#held);
    this.#held = 0;
    this.#blocks = [];
  }

  /** Returns false if another block does not fit. */
  #grow(): boolean {
    const length = this.#blocks.length === 0 ? FIRST_BLOCK : SMALL;
    if (this.#bytes >= SMALL && !this.#hold(length)) return false;
    this.#blocks.push(Buffer.allocUnsafeSlow(length));
    this.#room = length;
    return true;
  }

  #hold(bytes: number): boolean {
    if (!this.#memory.hold(bytes)) {
      this.refusal = BODIES_FULL;
      return false;
    }
    this.#held += bytes;
    return true;
  }
}
