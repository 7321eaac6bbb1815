import type { HiddenFile } from '../../../../images/layers/lists/hidden-files.ts';

/** What is in a directory, in the order of its names. */
export interface DirectoryOrder {
  /** A node of the image; or -1, -2 and so on for the first, the second and further hidden files. */
  readonly order: Int32Array;
  readonly hidden: readonly HiddenFile[];
}

type Kept = DirectoryOrder | { readonly failure: unknown };

/** What the orders take together, in bytes: 6 million files, or the hidden ones of one directory. */
const ORDERS_BYTES = 24 * 1024 * 1024;
/** About what a hidden file takes. */
const HIDDEN_BYTES = 200;
/** About what an entry of the map takes, with its key. */
const ENTRY_BYTES = 4096;

/** The orders of the directories that were shown last: each of their pages would sort all names again. */
export class KeptOrders {
  readonly #kept = new Map<string, Kept>();
  #bytes = 0;

  /** Returns the order of a directory, made if it is not there. Throws what `make` throws, which is kept too. */
  get(key: string, make: () => DirectoryOrder): DirectoryOrder {
    const found = this.#kept.get(key) ?? tried(make);
    this.#drop(key);
    this.#kept.set(key, found);
    this.#bytes += bytesOf(found);
    for (const [oldest] of this.#kept) {
      if (this.#bytes <= ORDERS_BYTES || oldest === key) break;
      this.#drop(oldest);
    }
    if ('failure' in found) throw found.failure;
    return found;
  }

  #drop(key: string): void {
    const found = this.#kept.get(key);
    if (found === undefined) return;
    this.#kept.delete(key);
    this.#bytes -= bytesOf(found);
  }
}

function tried(make: () => DirectoryOrder): Kept {
  try {
    return make();
  } catch (failure) {
    return { failure };
  }
}

function bytesOf(kept: Kept): number {
  if ('failure' in kept) return ENTRY_BYTES;
  return kept.order.byteLength + kept.hidden.length * HIDDEN_BYTES + ENTRY_BYTES;
}
