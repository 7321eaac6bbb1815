import { randomInt } from 'node:crypto';
import { AppError } from '../../lib/errors.ts';
import { NameTable } from './name-table.ts';

export const NONE = -1;

/** The columns of whole numbers. */
export const FIELD = {
  parent: 0,
  nameAt: 1,
  nameLength: 2,
  firstChild: 3,
  nextSibling: 4,
  state: 5,
  uid: 6,
  gid: 7,
  linkAt: 8,
  linkLength: 9,
  layers: 10,
  contentLayer: 11,
  entry: 12,
  nextInBucket: 13,
} as const;
const WIDTH = 14;
/** Size and time. */
const FLOATS = 2;
const FIRST_NODES = 1024;
/** Where hashes begin. Nobody can know names beforehand that all get the same one. */
const SEED = randomInt(2 ** 32);

/** Nodes of a tree as numbers in a few arrays, found by parent and name. Throws AppError IMAGE_INVALID where there is no room. */
export class NodeColumns {
  readonly names: NameTable;
  readonly #mostBytes: number;
  #ints = new Int32Array(WIDTH * FIRST_NODES);
  #floats = new Float64Array(FLOATS * FIRST_NODES);
  #buckets = new Int32Array(FIRST_NODES).fill(NONE);
  #count = 0;

  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes;
    this.names = new NameTable((more) => this.#checkRoom(more));
  }

  get bytes(): number {
    return this.#ints.byteLength + this.#floats.byteLength + this.#buckets.byteLength + this.names.bytes;
  }

  get(node: number, field: number): number {
    return this.#ints[node * WIDTH + field] ?? NONE;
  }

  set(node: number, field: number, value: number): void {
    this.#ints[node * WIDTH + field] = value;
  }

  float(node: number, at: 0 | 1): number {
    return this.#floats[node * FLOATS + at] ?? 0;
  }

  setFloat(node: number, at: 0 | 1, value: number): void {
    this.#floats[node * FLOATS + at] = value;
  }

  /** Returns the child of this name, or NONE. */
  find(parent: number, name: string): number {
    let node = this.#buckets[this.#bucket(parent, name)] ?? NONE;
    while (node !== NONE && !this.#isChild(node, parent, name)) node = this.get(node, FIELD.nextInBucket);
    return node;
  }

  /** Adds a child that there is not yet. */
  add(parent: number, name: string): number {
    if (this.#count * FLOATS === this.#floats.length) this.#grow();
    const node = this.#count;
    this.#count += 1;
    this.set(node, FIELD.parent, parent);
    this.set(node, FIELD.nameAt, this.names.add(name));
    this.set(node, FIELD.nameLength, name.length);
    this.set(node, FIELD.firstChild, NONE);
    this.set(node, FIELD.nextSibling, parent === NONE ? NONE : this.get(parent, FIELD.firstChild));
    if (parent !== NONE) this.set(parent, FIELD.firstChild, node);
    this.#chain(node, this.#bucket(parent, name));
    return node;
  }

  nameOf(node: number): string {
    return this.names.text(this.get(node, FIELD.nameAt), this.get(node, FIELD.nameLength));
  }

  #isChild(node: number, parent: number, name: string): boolean {
    return (
      this.get(node, FIELD.parent) === parent &&
      this.get(node, FIELD.nameLength) === name.length &&
      this.names.equals(this.get(node, FIELD.nameAt), name)
    );
  }

  /** FNV-1a, from a start of its own in each process. */
  #bucket(parent: number, name: string): number {
    let hash = SEED ^ parent;
    for (let at = 0; at < name.length; at += 1) hash = Math.imul(hash ^ name.charCodeAt(at), 0x01000193);
    hash ^= hash >>> 15;
    return (Math.imul(hash, 0x2c1b3c6d) >>> 4) & (this.#buckets.length - 1);
  }

  #chain(node: number, bucket: number): void {
    this.set(node, FIELD.nextInBucket, this.#buckets[bucket] ?? NONE);
    this.#buckets[bucket] = node;
  }

  #grow(): void {
    this.#checkRoom(this.#ints.byteLength + this.#floats.byteLength + this.#buckets.byteLength);
    const ints = new Int32Array(this.#ints.length * 2);
    ints.set(this.#ints);
    this.#ints = ints;
    const floats = new Float64Array(this.#floats.length * 2);
    floats.set(this.#floats);
    this.#floats = floats;
    this.#buckets = new Int32Array(this.#buckets.length * 2).fill(NONE);
    for (let node = 0; node < this.#count; node += 1)
      this.#chain(node, this.#bucket(this.get(node, FIELD.parent), this.nameOf(node)));
  }

  #checkRoom(more: number): void {
    if (this.bytes + more <= this.#mostBytes) return;
    throw new AppError('IMAGE_INVALID', {
      message: `The image has too many files to list: more than ${this.#count}, which fill ${this.#mostBytes >> 20} MiB of memory.`,
      hint: 'Look at one of its layers: registry-gate images files --layer 1 IMAGE',
    });
  }
}
