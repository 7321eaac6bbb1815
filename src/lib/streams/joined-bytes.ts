const BLOCK_BYTES = 16 * 1024;

/**
 * Bytes that arrive in pieces, joined in memory. They are copied into blocks, as a Buffer for each piece would take a
 * hundred times its bytes where somebody sends one byte at a time.
 */
export class JoinedBytes {
  readonly #full: Buffer[] = [];
  #block: Buffer | undefined;
  /** How many bytes of the block are used. */
  #at = 0;

  /** How many bytes there are. */
  get length(): number {
    return this.#full.length * BLOCK_BYTES + this.#at;
  }

  /** Copies a piece: its memory may be used again. */
  add(piece: Uint8Array): void {
    for (let done = 0; done < piece.length;) {
      this.#block ??= Buffer.allocUnsafeSlow(BLOCK_BYTES);
      const part = piece.subarray(done, done + BLOCK_BYTES - this.#at);
      this.#block.set(part, this.#at);
      this.#at += part.length;
      done += part.length;
      if (this.#at === BLOCK_BYTES) this.#next(this.#block);
    }
  }

  #next(full: Buffer): void {
    this.#full.push(full);
    this.#block = undefined;
    this.#at = 0;
  }

  /** Returns a copy of all of them. */
  join(): Buffer {
    const last = this.#block === undefined ? [] : [this.#block];
    return Buffer.concat([...this.#full, ...last], this.length);
  }
}
