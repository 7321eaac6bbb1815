/** The memory of a body that arrives faster than it is read: four slabs of this many bytes. */
const SLAB_BYTES = 256 * 1024;
const MOST_SLABS = 4;
/** Reading is paused while so much waits: the next read already has its place, which is in what is left. */
const MOST_BYTES = (MOST_SLABS - 1) * SLAB_BYTES;
/** A smaller piece is moved to the end of the one before it: a registry may send chunks of a byte. */
const LEAST_PIECE = 4 * 1024;
/** A body of unknown length may be a short one. */
const FIRST_BYTES = 64 * 1024;
/** A read with less room than a TLS record would be a read for little. */
const LEAST_ROOM = 16 * 1024;

/** Memory that is filled from its start, and again when nobody uses any of it. */
interface Slab {
  readonly bytes: Buffer;
  /** Where the next bytes go. */
  at: number;
  /** How many pieces of it wait or are being read. */
  uses: number;
}

interface Piece {
  readonly slab: Slab;
  readonly start: number;
  end: number;
}

/** The connection that a body comes from. */
interface BodySource {
  /** Reads on: there is room again. */
  resume(): void;
  /** Reads no more: nobody wants the rest. */
  abandon(): void;
}

/**
 * A body between its connection and its reader. The connection reads straight into its memory, which is used again and
 * again: no large piece is copied, and what arrives while the reader is at work comes to it as one piece.
 */
export class ArrivingBody {
  readonly #source: BodySource;
  readonly #length: number;
  readonly #slabs: Slab[] = [];
  #current: Slab | undefined;
  readonly #waiting: Piece[] = [];
  #held: Piece | undefined;
  /** How many bytes wait or are being read. */
  #bytes = 0;
  /** How many bytes are still to come; Infinity if that is not known. */
  #left: number;
  #isPaused = false;
  #end: { readonly failure: unknown } | undefined;
  #wake: () => void = () => undefined;

  constructor(source: BodySource, length: number | undefined) {
    this.#source = source;
    this.#length = length ?? Infinity;
    this.#left = this.#length;
  }

  /** Whether reading has stopped until the reader is further. */
  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** In bytes. Infinity if it is not known. */
  get length(): number {
    return this.#length;
  }

  /** Whether it fits into one slab, as `whole` wants it. */
  get isSmall(): boolean {
    return this.#length <= SLAB_BYTES;
  }

  /** Whether nothing comes any more. */
  get isOver(): boolean {
    return this.#end !== undefined;
  }

  /**
   * Returns all of a small body when it is there, in memory that is not used again, in place of its pieces. Throws what
   * broke it off.
   */
  async whole(): Promise<Buffer> {
    while (this.#end === undefined) await this.#nextEvent();
    if (this.#end.failure !== undefined) throw this.#end.failure;
    const pieces = this.#waiting.map(({ slab, start, end }) => slab.bytes.subarray(start, end));
    const [only] = pieces;
    return only !== undefined && pieces.length === 1 ? only : Buffer.concat(pieces);
  }

  /** Returns where the next read goes. It has room for a byte at least, also while reading is paused. */
  room(): Buffer {
    const { bytes, at } = this.#slabWithRoom();
    return bytes.subarray(at);
  }

  /** Takes bytes `start` to `end` of a buffer: what `room` gave, or memory that is copied. Returns false if there is no room for more. */
  take(buffer: Buffer, start: number, end: number): boolean {
    const slab = this.#current;
    if (slab !== undefined && slab.bytes.buffer === buffer.buffer) {
      const offset = buffer.byteOffset - slab.bytes.byteOffset;
      this.#add(slab, offset + start, offset + end);
    } else this.#copy(buffer.subarray(start, end));
    this.#isPaused = this.#left > 0 && this.#isFull();
    this.#wake();
    return !this.#isPaused;
  }

  /** Nothing comes any more. `failure`: what broke the body off. */
  end(failure?: unknown): void {
    this.#end ??= { failure };
    this.#isPaused = false;
    this.#wake();
  }

  /** Returns the next piece, which is valid until the next call; undefined at the end. Throws what broke the body off. */
  async next(): Promise<Uint8Array | undefined> {
    this.#release();
    while (this.#waiting.length === 0) {
      if (this.#end?.failure !== undefined) throw this.#end.failure;
      if (this.#end !== undefined) return undefined;
      await this.#nextEvent();
    }
    this.#held = this.#waiting.shift();
    if (this.#held === undefined) return undefined;
    const { slab, start, end } = this.#held;
    return slab.bytes.subarray(start, end);
  }

  /** Breaks it off: the reader gets what has arrived, and then this. */
  fail(failure: Error): void {
    if (this.#end !== undefined) return;
    this.end(failure);
    this.#source.abandon();
  }

  /** The reader wants no more of it. */
  close(): void {
    this.#held = undefined;
    this.#waiting.length = 0;
    if (this.#end === undefined) this.#source.abandon();
  }

  #nextEvent(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  #release(): void {
    if (this.#held !== undefined) {
      const { slab, start, end } = this.#held;
      slab.uses -= 1;
      this.#bytes -= end - start;
      this.#held = undefined;
    }
    if (!this.#isPaused || this.#isFull()) return;
    this.#isPaused = false;
    this.#source.resume();
  }

  #add(slab: Slab, start: number, end: number): void {
    slab.at = end;
    this.#bytes += end - start;
    this.#left -= end - start;
    const last = this.#waiting.at(-1);
    if (last?.slab === slab && (last.end === start || end - start < LEAST_PIECE)) {
      // It lies behind: a slab is filled from its start while any of it waits.
      if (last.end !== start) slab.bytes.copyWithin(last.end, start, end);
      last.end += end - start;
    } else {
      slab.uses += 1;
      this.#waiting.push({ slab, start, end });
    }
  }

  #copy(bytes: Buffer): void {
    for (let done = 0; done < bytes.length;) {
      const slab = this.#slabWithRoom();
      const copied = bytes.copy(slab.bytes, slab.at, done);
      this.#add(slab, slab.at, slab.at + copied);
      done += copied;
    }
  }

  #slabWithRoom(): Slab {
    const found = this.#findRoom();
    if (found !== undefined) {
      if (found.uses === 0) found.at = 0;
      return (this.#current = found);
    }
    // Beyond the bound is only what TLS had decrypted before it was paused: it comes all the same.
    const slab = { bytes: Buffer.allocUnsafeSlow(this.#nextSize()), at: 0, uses: 0 };
    if (this.#slabs.length < MOST_SLABS) this.#slabs.push(slab);
    return (this.#current = slab);
  }

  /** Finds a slab with room: the one that is being filled, if it has enough, or one that nobody uses. */
  #findRoom(): Slab | undefined {
    const current = this.#current;
    if (current !== undefined && current.bytes.length - current.at >= this.#need()) return current;
    return this.#slabs.find(({ uses, bytes }) => uses === 0 && bytes.length >= this.#need());
  }

  #need(): number {
    return Math.max(1, Math.min(LEAST_ROOM, this.#left));
  }

  #nextSize(): number {
    if (this.#slabs.length === MOST_SLABS) return LEAST_ROOM;
    const most = this.#slabs.length === 0 && this.#left === Infinity ? FIRST_BYTES : SLAB_BYTES;
    return Math.max(1, Math.min(most, this.#left));
  }

  #isFull(): boolean {
    if (this.#bytes >= MOST_BYTES) return true;
    return this.#slabs.length === MOST_SLABS && this.#findRoom() === undefined;
  }
}
