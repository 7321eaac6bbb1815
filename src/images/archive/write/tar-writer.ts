import type { Pieces } from '../../store.ts';

/** Writes the entries of a tar. */
export interface TarWriter {
  /** Adds a file. `read` is called when its turn comes, and gives exactly as many bytes as `size` says, or throws. */
  add(name: string, size: number, read: () => Pieces): Promise<void>;
  /**
   * Adds a small file. `read` is called at once, and gives exactly as many bytes as `size` says, in memory that is not
   * used again, or throws. Once they are there, they may be written with those of other files, at `end` at the latest.
   */
  addWhole(name: string, size: number, read: () => Promise<Uint8Array>): Promise<void>;
  /** Ends the tar. Throws if an entry is not whole. */
  end(): Promise<void>;
}
