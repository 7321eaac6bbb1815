import { createHasher, type Digest } from '../../../oci/digest.ts';
import { decompress } from '../../compression/decompress.ts';
import type { Compression } from '../../model/media-types.ts';
import { mismatch } from '../../model/verified.ts';
import type { Pieces } from '../../store.ts';
import { invalidArchive } from '../../tar/invalid-archive.ts';

interface Expanded {
  readonly compression: Compression;
  readonly diffId: Digest;
  readonly label: string;
}

/**
 * Passes on a compressed layer, and decompresses it beside: it has to be what the config says of it. Nothing of what it
 * expands to is kept. Throws AppError DIGEST_MISMATCH and ARCHIVE_INVALID.
 */
export async function* checkExpanded(pieces: Pieces, { compression, diffId, label }: Expanded): Pieces {
  const relay = new Relay();
  const hashing = hashExpanded(relay, compression, label, diffId).finally(() => relay.close());
  hashing.catch(() => undefined);
  try {
    for await (const piece of pieces) {
      await relay.send(piece);
      yield piece;
    }
  } finally {
    await relay.end();
  }
  const { hex, size } = await hashing;
  if (hex !== diffId.hex)
    throw mismatch(
      { digest: diffId, size },
      label,
      `what the layer expands to has ${diffId.algorithm}:${hex}`,
    );
}

async function hashExpanded(
  pieces: Pieces,
  compression: Compression,
  label: string,
  diffId: Digest,
): Promise<{ readonly hex: string; readonly size: number }> {
  const hasher = createHasher(diffId.algorithm);
  let size = 0;
  const damaged = (reason: string): Error =>
    invalidArchive(label, `a layer can't be decompressed: ${reason}`);
  for await (const piece of decompress(pieces, compression, damaged)) {
    hasher.update(piece);
    size += piece.byteLength;
  }
  return { hex: hasher.digest('hex'), size };
}

/** Hands pieces over to one reader. */
class Relay implements AsyncIterableIterator<Uint8Array> {
  #offered: { readonly piece: Uint8Array | undefined; readonly taken: () => void } | undefined;
  #waiting: (() => void) | undefined;
  /** Who sent the piece that the reader has in its hands. */
  #held: (() => void) | undefined;
  #isClosed = false;

  /** Resolves when the reader is done with the piece, or reads no more. */
  send(piece: Uint8Array): Promise<void> {
    return this.#offer(piece);
  }

  end(): Promise<void> {
    return this.#offer(undefined);
  }

  /** The reader reads no more. */
  close(): void {
    this.#isClosed = true;
    this.#held?.();
    this.#offered?.taken();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    this.#held?.();
    this.#held = undefined;
    if (this.#offered === undefined) await new Promise<void>((resolve) => (this.#waiting = resolve));
    const { piece, taken } = this.#offered ?? { piece: undefined, taken: () => undefined };
    this.#offered = undefined;
    if (piece === undefined) taken();
    else this.#held = taken;
    return piece === undefined ? { done: true, value: undefined } : { done: false, value: piece };
  }

  #offer(piece: Uint8Array | undefined): Promise<void> {
    if (this.#isClosed) return Promise.resolve();
    return new Promise((taken) => {
      this.#offered = { piece, taken };
      this.#waiting?.();
      this.#waiting = undefined;
    });
  }
}
