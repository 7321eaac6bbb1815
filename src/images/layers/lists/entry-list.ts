import { invalidImage } from '../../model/descriptor.ts';
import { ENTRY_KINDS, type EntryHead, type EntryKind } from '../tar/layer-reader.ts';

/** The numbers of an entry: its kind, mode, owner, group, size, time, device, the lengths of its two texts, and where they begin. */
const WIDTH = 10;
const FIRST_ENTRIES = 256;
const FIRST_BYTES = 16 * 1024;

/** The entries of a layer without their bytes, in a few arrays: 80 bytes and the names for each. */
export class EntryList {
  readonly #mostBytes: number;
  #numbers = new Float64Array(WIDTH * FIRST_ENTRIES);
  #texts = Buffer.alloc(FIRST_BYTES);
  #count = 0;
  #used = 0;

  /** Adding to it throws AppError IMAGE_INVALID where it would take more than so many bytes. */
  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes;
  }

  get bytes(): number {
    return this.#numbers.byteLength + this.#texts.byteLength;
  }

  add({ name, kind, mode, uid, gid, size, mtime, link, major, minor }: EntryHead): void {
    const at = this.#count * WIDTH;
    if (at === this.#numbers.length) this.#growNumbers();
    const device = major * 2 ** 32 + minor;
    const numbers = [
      ENTRY_KINDS.indexOf(kind),
      mode,
      uid,
      gid,
      size,
      mtime,
      device,
      name.length,
      link.length,
      this.#used,
    ];
    this.#numbers.set(numbers, at);
    this.#write(name);
    this.#write(link);
    this.#count += 1;
  }

  *[Symbol.iterator](): Generator<EntryHead> {
    for (let entry = 0; entry < this.#count; entry += 1) yield this.at(entry);
  }

  get count(): number {
    return this.#count;
  }

  #number(entry: number, column: number): number {
    return this.#numbers[entry * WIDTH + column] ?? 0;
  }

  kindOf(entry: number): EntryKind {
    return ENTRY_KINDS[this.#number(entry, 0)] ?? 'file';
  }

  nameOf(entry: number): string {
    const at = this.#number(entry, 9);
    return this.#texts.toString('latin1', at, at + this.#number(entry, 7));
  }

  /** Returns the entry of a number below `count`. */
  at(entry: number): EntryHead {
    const number = (column: number): number => this.#number(entry, column);
    const nameEnd = number(9) + number(7);
    return {
      kind: this.kindOf(entry),
      mode: number(1),
      uid: number(2),
      gid: number(3),
      size: number(4),
      mtime: number(5),
      major: Math.floor(number(6) / 2 ** 32),
      minor: number(6) % 2 ** 32,
      name: this.nameOf(entry),
      link: this.#texts.toString('latin1', nameEnd, nameEnd + number(8)),
    };
  }

  #write(text: string): void {
    while (this.#used + text.length > this.#texts.length) this.#growTexts();
    this.#texts.write(text, this.#used, 'latin1');
    this.#used += text.length;
  }

  #growNumbers(): void {
    this.#reserve(this.#numbers.byteLength);
    const numbers = new Float64Array(this.#numbers.length * 2);
    numbers.set(this.#numbers);
    this.#numbers = numbers;
  }

  #growTexts(): void {
    this.#reserve(this.#texts.byteLength);
    const texts = Buffer.alloc(this.#texts.length * 2);
    this.#texts.copy(texts);
    this.#texts = texts;
  }

  #reserve(more: number): void {
    if (this.bytes + more <= this.#mostBytes) return;
    throw invalidImage(`a layer of it has more than ${this.#count} files, which is more than is listed`);
  }
}
