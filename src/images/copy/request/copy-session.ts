import type { Digest } from '../../../oci/digest.ts';
import type { ImageTarget } from '../../store.ts';

/** What the copies of one command share: how much goes on at once, and which blob is where already. */
export interface CopySession {
  /** How many blobs are transferred at once, in all copies together. */
  readonly parallel: number;
  /** Runs an action as soon as one of the lanes is free. */
  inLane<T>(action: () => Promise<T>): Promise<T>;
  /** Returns the repository that a blob was or is being written to on the target's registry, if it was. */
  placeOf(target: ImageTarget, digest: Digest): Promise<string | undefined> | undefined;
  /** Notes that a blob is being written. The others wait for it and take it over. */
  notePlace(target: ImageTarget, digest: Digest, written: Promise<unknown>): void;
}

/** Blobs whose place is remembered: the oldest is forgotten, and asked for again. */
const MOST_PLACES = 16_384;

/** Makes what several copies share. `parallel`: blobs at once. */
export function createCopySession(parallel = 4): CopySession {
  const waiting: (() => void)[] = [];
  let free = parallel;
  const places = new Map<string, Promise<string | undefined>>();
  return {
    parallel,
    inLane: async (action) => {
      if (free > 0) free -= 1;
      else await new Promise<void>((resolve) => waiting.push(resolve));
      try {
        return await action();
      } finally {
        const next = waiting.shift();
        if (next === undefined) free += 1;
        else next();
      }
    },
    placeOf: (target, digest) => places.get(keyOf(target, digest)),
    notePlace: (target, digest, written) => {
      const repository = target.origin?.repository ?? '';
      const place = written.then(
        () => repository,
        () => undefined,
      );
      places.set(keyOf(target, digest), place);
      const [oldest] = places.keys();
      if (places.size > MOST_PLACES && oldest !== undefined) places.delete(oldest);
    },
  };
}

/** The blobs of an archive are its own; those of a registry can be mounted from one repository to another. */
function keyOf({ origin, label }: ImageTarget, { text }: Digest): string {
  return `${origin === undefined ? `archive ${label}` : `registry ${origin.registry}`} ${text}`;
}
