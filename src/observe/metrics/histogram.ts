import type { MetricName, Sample } from './table.ts';

/**
 * Counts values into buckets: plain numbers, since this stands in the path of every request. The page is made of them
 * when it is asked for.
 */
export class Histogram {
  readonly #bounds: readonly number[];
  /** Values up to the bound of the same place, and up to no bound at all; each value in one of them. */
  readonly #counts: number[];
  #sum = 0;

  /** `bounds` ascending. */
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

  /** In the cumulative form of Prometheus. */
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
