import { createExpiringMap } from '../lib/expiring-map.ts';
import type { ExpiringMap } from '../lib/expiring-map.ts';

/** A blob in a repository. */
export interface Place {
  readonly repository: string;
  readonly digest: string;
}

export interface HoldingsOptions {
  /** How long the registry's word is good, in milliseconds. */
  readonly ttl: number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

const MOST = 20_000;

/** What the registry has said lately about which repository holds which blob, and of what size. Of nothing that is not there anything is remembered. */
export class Holdings {
  readonly #sizes: ExpiringMap<string, number>;
  #deletions = 0;

  constructor({ ttl, now }: HoldingsOptions) {
    this.#sizes = createExpiringMap({ maxSize: MOST, ttl, now });
  }

  /** Changes with every deletion. */
  get deletions(): number {
    return this.#deletions;
  }

  size(place: Place): number | undefined {
    return this.#sizes.get(keyOf(place));
  }

  /** `asked` is what `deletions` was before the registry was asked: what was deleted meanwhile may be gone. */
  remember(place: Place, size: number, asked: number): void {
    if (asked === this.#deletions) this.#sizes.set(keyOf(place), size);
  }

  forget(place: Place): void {
    this.#deletions += 1;
    this.#sizes.delete(keyOf(place));
  }
}

function keyOf({ repository, digest }: Place): string {
  return `${repository}@${digest}`;
}
