import type { GcOptions, GcReport } from '../../backend/embedded/gc/gc.ts';
import type { GarbageState } from '../../pages/space/garbage.ts';

interface GarbageCountOptions {
  /** Looks for what could be removed. Undefined where the registry is not the one inside the gate. */
  readonly collect: ((options: GcOptions) => Promise<GcReport>) | undefined;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
}

/** How long a count is shown before the next one may begin, in milliseconds. It reads every manifest. */
const FRESH_MS = 10 * 60 * 1000;
/** A count that takes long is shown for this many times as long: little of the time goes into counting. */
const LIFE_FACTOR = 30;

/** Returns a function that tells what a garbage collection would free, and counts it anew where that is long ago. */
export function createGarbageCount({ collect, clock }: GarbageCountOptions): () => GarbageState {
  if (collect === undefined) return () => ({ state: 'unknown' });
  let known: GarbageState = { state: 'counting' };
  let next = -Infinity;
  let isCounting = false;
  const count = async (): Promise<void> => {
    isCounting = true;
    const startedAt = clock();
    try {
      const { bytes } = await collect({ dryRun: true });
      const { bytes: withUntagged } = await collect({ dryRun: true, dropUntagged: true });
      known = { state: 'known', bytes, withUntagged, at: clock() };
    } catch {
      // Another collection is under way, or the disk fails, which the log tells where it matters.
      known = { state: 'failed' };
    }
    isCounting = false;
    const wait = known.state === 'failed' ? 0 : FRESH_MS;
    next = clock() + Math.max(wait, (clock() - startedAt) * LIFE_FACTOR);
  };
  return () => {
    if (!isCounting && clock() >= next) void count();
    return known;
  };
}
