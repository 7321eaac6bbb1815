import type { FileIndex } from '../../../../images/layers/file-index.ts';

/** About what a tree takes beside its files, with its key. */
const ENTRY_BYTES = 4096;

/** The trees of the images that were looked at last: each page would make the tree again, from the lists of all layers. */
export class KeptTrees {
  readonly #mostBytes: number;
  readonly #kept = new Map<string, FileIndex>();
  #bytes = 0;

  /** `mostBytes`: what all of them take together. The one that was not asked for longest is dropped first. */
  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes;
  }

  get(key: string): FileIndex | undefined {
    const found = this.#kept.get(key);
    if (found === undefined) return undefined;
    this.#kept.delete(key);
    this.#kept.set(key, found);
    return found;
  }

  /** Keeps a tree that is not there yet, and returns it. One that is larger than all may be is kept alone. */
  add(key: string, tree: FileIndex): FileIndex {
    this.#kept.set(key, tree);
    this.#bytes += bytesOf(tree);
    for (const [oldest, dropped] of this.#kept) {
      if (this.#bytes <= this.#mostBytes || oldest === key) break;
      this.#kept.delete(oldest);
      this.#bytes -= bytesOf(dropped);
    }
    return tree;
  }
}

function bytesOf({ bytes }: FileIndex): number {
  return bytes + ENTRY_BYTES;
}
