/** Byte strings, one after the other in one buffer. */
export class NameTable {
  readonly #reserve: (more: number) => void;
  #bytes = Buffer.alloc(16 * 1024);
  #used = 0;

  /** `reserve` is asked before so many more bytes are taken from memory, and may throw. */
  constructor(reserve: (more: number) => void) {
    this.#reserve = reserve;
  }

  get bytes(): number {
    return this.#bytes.length;
  }

  /** Returns where it begins. */
  add(name: string): number {
    const at = this.#used;
    while (at + name.length > this.#bytes.length) {
      this.#reserve(this.#bytes.length);
      const bytes = Buffer.alloc(this.#bytes.length * 2);
      this.#bytes.copy(bytes, 0, 0, at);
      this.#bytes = bytes;
    }
    this.#bytes.write(name, at, 'latin1');
    this.#used += name.length;
    return at;
  }

  text(at: number, length: number): string {
    return this.#bytes.toString('latin1', at, at + length);
  }

  equals(at: number, name: string): boolean {
    for (let n = 0; n < name.length; n += 1) if (this.#bytes[at + n] !== name.charCodeAt(n)) return false;
    return true;
  }

  /** Compares two names of it, each given by where it begins and its length, byte by byte. */
  compare(
    [at, length]: readonly [number, number],
    [otherAt, otherLength]: readonly [number, number],
  ): number {
    return this.#bytes.compare(this.#bytes, otherAt, otherAt + otherLength, at, at + length);
  }
}
