import { createExpiringMap, type ExpiringMap } from '../../lib/expiring-map.ts';

/** A blob in a repository. */
export interface RepositoryBlob {
  readonly repository: string;
  readonly digest: string;
}

interface BlobPresenceOptions {
  /** How long an answer of the registry is valid, in milliseconds. */
  readonly ttl: number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

/** Some 20,000 blobs. */
const MAX_BYTES = 16 * 1024 * 1024;

/** Which repository holds which blob, and its size, as the registry recently said. Absent blobs are not remembered. */
export class BlobPresence {
  readonly #sizes: ExpiringMap<number>;
  #deletions = 0;

  constructor({ ttl, now }: BlobPresenceOptions) {
    this.#sizes = createExpiringMap({ maxBytes: MAX_BYTES, ttl, now });
  }

  /** Changes with every deletion. */
  get deletions(): number {
    return this.#deletions;
  }

  size(blob: RepositoryBlob): number | undefined {
    return this.#sizes.get(keyOf(blob));
  }

  /** `asked` is the value of `deletions` before the registry was asked: a blob deleted since then may be gone. */
  remember(blob: RepositoryBlob, size: number, asked: number): void {
    if (asked === this.#deletions) this.#sizes.set(keyOf(blob), size);
  }

  forget(blob: RepositoryBlob): void {
    this.#deletions += 1;
    this.#sizes.delete(keyOf(blob));
  }
}

function keyOf({ repository, digest }: RepositoryBlob): string {
  return `${repository}@${digest}`;
}
