import { METRICS, type MetricName, type Reading, type Sample } from './table.ts';

/** The readings of one process. Plain data, since it may come from another process. */
interface WorkerReadings {
  readonly slot: number;
  readonly readings: readonly Reading[];
}

interface MetricsPageOptions {
  readonly workers: readonly WorkerReadings[];
  /** Readings that are the same for all workers. */
  readonly shared: readonly Reading[];
  /** Whether there is one worker and never another. */
  readonly isAlone: boolean;
}

export interface MetricsPage {
  readonly contentType: string;
  readonly text: string;
}

/**
 * Renders the page that Prometheus reads. With several workers each has its own lines: a replaced worker begins at
 * zero, and a sum over all would then fall, which Prometheus takes for a restart of everything.
 */
export async function renderMetrics({ workers, shared, isAlone }: MetricsPageOptions): Promise<MetricsPage> {
  // Imported on demand: a gate without metrics starts without it.
  const { AggregatorRegistry } = await import('prom-client');
  const own = workers.flatMap(({ slot, readings }) =>
    // Counted from 1, as in the log.
    isAlone ? readings : readings.map((reading) => ofWorker(reading, String(slot + 1))),
  );
  const page = [...Map.groupBy([...own, ...shared], ({ name }) => name)]
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, readings]) =>
      metricOf(
        name,
        readings.flatMap(({ samples }) => samples),
      ),
    );
  const registry = AggregatorRegistry.aggregate([page]);
  return { contentType: registry.contentType, text: await registry.metrics() };
}

function ofWorker({ name, samples }: Reading, worker: string): Reading {
  return { name, samples: samples.map((sample) => ({ ...sample, labels: { ...sample.labels, worker } })) };
}

function metricOf(name: MetricName, values: readonly Sample[]): object {
  const { type, help } = METRICS[name];
  return { name, type, help, values, aggregator: 'sum' };
}

/** Reports whether a value comes from a gate of the same version. */
export function isWorkerReadings(value: unknown): value is WorkerReadings {
  if (typeof value !== 'object' || value === null) return false;
  if (!('slot' in value) || !('readings' in value)) return false;
  return typeof value.slot === 'number' && Array.isArray(value.readings) && value.readings.every(isReading);
}

function isReading(value: unknown): value is Reading {
  if (typeof value !== 'object' || value === null) return false;
  if (!('name' in value) || !('samples' in value)) return false;
  return typeof value.name === 'string' && value.name in METRICS && Array.isArray(value.samples);
}
