/** Tells how fast bytes come, over the last seconds. */
interface Rate {
  add(bytes: number): void;
  /** In bytes per second. Undefined in the first second: nobody can tell yet. */
  perSecond(): number | undefined;
}

const WINDOW_MS = 5000;
const FIRST_MS = 1000;

/** Measures a rate. `now`: milliseconds of a clock that only goes on. */
export function measureRate(now: () => number): Rate {
  const start = now();
  const samples: { readonly at: number; bytes: number }[] = [];
  const forget = (): void => {
    const oldest = now() - WINDOW_MS;
    while (samples[0] !== undefined && samples[0].at < oldest) samples.shift();
  };
  return {
    add: (bytes) => {
      const at = now();
      const last = samples.at(-1);
      // One sample for each tenth of a second is enough.
      if (last !== undefined && at - last.at < 100) last.bytes += bytes;
      else samples.push({ at, bytes });
      forget();
    },
    perSecond: () => {
      forget();
      const span = Math.min(WINDOW_MS, now() - start);
      if (span < FIRST_MS) return undefined;
      return (samples.reduce((sum, { bytes }) => sum + bytes, 0) / span) * 1000;
    },
  };
}
