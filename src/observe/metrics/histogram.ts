import type { MetricName, Sample } from './table.ts';

/** Counts values in buckets of plain numbers, since it is on the hot path. Samples are made when they are requested. */
export class Histogram {
  readonly #bounds: readonly number[];
  /** Values up to the bound at the same index, and the rest last; each value is in one of them. */
  readonly #counts: number[];
  #sum = 0;

  /** `bounds` are ascending. */
  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = Array.from({ length: bounds.length + 1 }, () => 0);
  }

  observe(value: number): void {
    const bounds = this.#bounds;
    let at = 0;
    while (at < bounds.length && value > (bounds[at] ?? 0)) at += 1;
    this.#counts[at] = (this.#counts[at] ?? 0) + 1;
    this.#sum += value;
  }

  /** Returns the samples in the cumulative form of Prometheus. */
  samples(name: MetricName, labels: Sample['labels']): Sample[] {
    let below = 0;
    const buckets = this.#counts.map((count, at) => {
      below += count;
      const le = String(this.#bounds[at] ?? '+Inf');
      return { metricName: `${name}_bucket`, labels: { ...labels, le }, value: below };
    });
    return [
      ...buckets,
      { metricName: `${name}_sum`, labels, value: this.#sum },
      { metricName: `${name}_count`, labels, value: below },
    ];
  }
}
