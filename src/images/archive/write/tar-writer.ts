import type { Pieces } from '../../store.ts';

/** Writes the entries of a tar. */
export interface TarWriter {
  /** Adds a file. `read` is called when its turn comes, and gives exactly as many bytes as `size` says, or throws. */
  add(name: string, size: number, read: () => Pieces): Promise<void>;
  /** Ends the tar. Throws if an entry is not whole. */
  end(): Promise<void>;
}

/** Pieces that are in memory already. */
export async function* piecesOf(...pieces: readonly Uint8Array[]): Pieces {
  yield* pieces;
}
