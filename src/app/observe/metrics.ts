import { statfs } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import type { Config } from '../../config/schema/schema.ts';
import type { Ending } from '../../lib/ending.ts';
import type { Logger } from '../../lib/logger.ts';
import { packageVersion } from '../../lib/package-version.ts';
import type { Exchange } from '../../observe/exchange.ts';
import { cacheReadings, type CacheCounts } from '../../observe/metrics/cache.ts';
import { createExchangeCounts, type RequestInProgress } from '../../observe/metrics/exchanges.ts';
import { createHashCounts, type Verifier } from '../../observe/metrics/hashes.ts';
import { isWorkerReadings, renderMetrics, type MetricsPage } from '../../observe/metrics/page.ts';
import { watchProcess } from '../../observe/metrics/process.ts';
import { readingOf, type Reading } from '../../observe/metrics/table.ts';
import { createTopic, isNothing, type Bus } from '../../cluster/bus.ts';
import type { Connections } from '../../http/listener/connections.ts';
import { findContext } from '../../http/context.ts';
import { openMetricsListener, type MetricsListener } from './metrics-listener.ts';
import { firstWorkerLogger } from '../cluster/cluster-context.ts';

interface MetricsOptions {
  readonly config: Pick<Config, 'metrics' | 'limits' | 'backend' | 'cache' | 'state'>;
  readonly logger: Logger;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** To the other workers, whose counts are part of the page. */
  readonly bus: Bus;
}

/** The counts of each worker. */
const COUNTED = createTopic('metrics', isNothing, isWorkerReadings);
/** How long workers may take to reply; Prometheus itself gives up after ten seconds. */
const COLLECT_MS = 3000;

/** The parts of the gate that are read for each page. */
export interface MetricsSources {
  readonly connections: Pick<Connections, 'underWay' | 'count'> & { refused(): number };
  readonly certificate: { current(): { readonly notAfter: Date } };
  /** Of what expires. */
  readonly watch: { endings(): readonly Ending[] };
  readonly registryBackend: {
    /** Why the registry cannot serve; undefined where it can. */
    unready(): Promise<string | undefined>;
    readonly cacheCounters?: (() => CacheCounts) | undefined;
  };
}

/** Counts what this process does, and serves the counts of all processes. */
interface Metrics {
  observe(exchange: Exchange): void;
  watchHashes<V extends string>(verifier: Verifier<V>): Verifier<V>;
  /** Opens the listener. Rejects with AppError LISTEN_FAILED. */
  listen(sources: MetricsSources): Promise<AddressInfo>;
  close(): Promise<void>;
}

/** Undefined where metrics are off: then nothing is counted. */
export function createMetrics({ config, logger, now, bus }: MetricsOptions): Metrics | undefined {
  const { listen: place } = config.metrics;
  if (place === undefined) return undefined;
  const exchanges = createExchangeCounts();
  const hashes = createHashCounts(now);
  const own = watchProcess(packageVersion());
  let listener: MetricsListener | undefined;

  const readings = async (sources: MetricsSources): Promise<Reading[]> => [
    ...exchanges.readings(underWay(sources.connections)),
    ...hashes.readings(),
    ...(await own.readings()),
    readingOf('registry_gate_connections', sources.connections.count()),
    readingOf('registry_gate_connections_refused_total', sources.connections.refused()),
    ...cacheReadings(sources.registryBackend.cacheCounters?.()),
  ];
  const page = async (sources: MetricsSources): Promise<MetricsPage> => {
    const [workers, shared] = await Promise.all([
      bus.collect(COUNTED, undefined, COLLECT_MS),
      sharedReadings(sources, config),
    ]);
    return renderMetrics({ workers, shared, isAlone: bus.size === 1 });
  };

  return {
    observe: exchanges.observe,
    watchHashes: hashes.watch,
    listen: async (sources) => {
      bus.handle(COUNTED, async () => ({ slot: bus.slot, readings: await readings(sources) }));
      listener = await openMetricsListener({ place, logger, page: () => page(sources) });
      const { address, port } = listener.address;
      firstWorkerLogger(logger, bus).info({ address, port }, 'metrics');
      return listener.address;
    },
    close: async () => {
      own.close();
      await listener?.close();
    },
  };
}

function underWay(connections: Pick<Connections, 'underWay'>): RequestInProgress[] {
  return connections.underWay().flatMap(({ req }) => {
    const context = findContext(req);
    if (context === undefined) return [];
    const { request, target, received, sent } = context;
    return [{ request, path: target, received, sent }];
  });
}

/** The readings that are the same for all workers. */
async function sharedReadings(
  { certificate, registryBackend, watch }: MetricsSources,
  { backend, cache, state, limits }: MetricsOptions['config'],
): Promise<Reading[]> {
  const places = {
    state,
    ...(backend.kind === 'embedded' ? { registry: backend.directory } : {}),
    ...(cache.directory === undefined ? {} : { cache: cache.directory }),
  };
  const [reason, ...disks] = await Promise.all([
    registryBackend.unready(),
    ...Object.entries(places).map(([place, directory]) => diskOf(place, directory)),
  ]);
  return [
    readingOf('registry_gate_password_hash_queue_limit', limits.hashQueue),
    readingOf('registry_gate_backend_up', reason === undefined ? 1 : 0),
    readingOf(
      'registry_gate_certificate_expiry_timestamp_seconds',
      certificate.current().notAfter.getTime() / 1000,
    ),
    expiryReading(watch.endings()),
    ...disks.flat(),
  ];
}

/** Leaves out tokens that have expired, which would hide the next one for ever. The log reports them. */
function expiryReading(endings: readonly Ending[]): Reading {
  const told = endings.filter(
    ({ kind, notAfter }) => kind !== 'machine token' || notAfter.getTime() > Date.now(),
  );
  const samples = [...Map.groupBy(told, ({ kind }) => kind)].map(([kind, ends]) => ({
    labels: { kind },
    value: Math.min(...ends.map(({ notAfter }) => notAfter.getTime())) / 1000,
  }));
  return { name: 'registry_gate_expiry_timestamp_seconds', samples };
}

async function diskOf(place: string, directory: string): Promise<Reading[]> {
  try {
    const { bsize, bavail, blocks } = await statfs(directory);
    const labels = { place };
    return [
      { name: 'registry_gate_disk_free_bytes', samples: [{ labels, value: bsize * bavail }] },
      { name: 'registry_gate_disk_size_bytes', samples: [{ labels, value: bsize * blocks }] },
    ];
  } catch {
    // Missing, or not readable: the code that needs it reports that.
    return [];
  }
}
