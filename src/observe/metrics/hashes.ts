import { Histogram } from './histogram.ts';
import { readingOf, type Reading } from './table.ts';

/** Verifies passwords. Returns `busy` if too many are waiting. */
export interface Verifier<V extends string> {
  verify(stored: string, password: string): Promise<V>;
}

const DURATIONS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const;

interface HashCounts {
  /** Wraps a verifier to count its calls. Hashing is slow, so that the cost does not matter. */
  watch<V extends string>(verifier: Verifier<V>): Verifier<V>;
  readings(): Reading[];
}

/** Counts slow password hashes. `now` returns monotonic milliseconds. */
export function createHashCounts(now: () => number): HashCounts {
  const durations = new Histogram(DURATIONS);
  let inProgress = 0;
  let refused = 0;
  return {
    watch: ({ verify }) => ({
      verify: async (stored, password) => {
        const startedAt = now();
        inProgress += 1;
        const verdict = await verify(stored, password).finally(() => (inProgress -= 1));
        if (verdict === 'busy') refused += 1;
        else durations.observe((now() - startedAt) / 1000);
        return verdict;
      },
    }),
    readings: () => [
      {
        name: 'registry_gate_password_hash_duration_seconds',
        samples: durations.samples('registry_gate_password_hash_duration_seconds', {}),
      },
      readingOf('registry_gate_password_hashes_in_progress', inProgress),
      readingOf('registry_gate_password_hashes_refused_total', refused),
    ],
  };
}
