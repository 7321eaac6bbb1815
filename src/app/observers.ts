import type { Config } from '../config/schema/schema.ts';
import type { Logger } from '../lib/logger.ts';
import { packageVersion } from '../lib/package-version.ts';
import type { TraceExport } from '../observe/tracing/trace-export.ts';
import type { HashPool } from '../auth/passwords/hash-pool.ts';
import type { ClusterContext } from './cluster/cluster-context.ts';
import { openAudit, openAuditTrail, type Audit } from './observe/audit.ts';
import { createMetrics, type MetricsSources } from './observe/metrics.ts';

interface ObserversOptions {
  readonly config: Config;
  readonly logger: Logger;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly cluster: ClusterContext;
}

/** The parts that look on and change nothing. */
interface Observers {
  /** Undefined where metrics are off. */
  readonly metrics: ReturnType<typeof createMetrics>;
  /** Undefined where traces are off. */
  readonly tracing: TraceExport | undefined;
  /** Undefined where there is no audit log. */
  readonly audit: Audit | undefined;
  /** The same pool, with its work counted for the metrics. */
  watchHashes(pool: HashPool): HashPool;
  /** Opens the listener of the metrics, where one is configured. Rejects with AppError LISTEN_FAILED. */
  showMetrics(sources: MetricsSources): Promise<void>;
  /** Opens the audit log again, which may have been moved. */
  reopen(): Promise<void>;
  close(): Promise<void>;
}

export async function openObservers({ config, logger, now, cluster }: ObserversOptions): Promise<Observers> {
  const { bus, broker } = cluster;
  const tracing = await openTraces(config, logger);
  const trail = broker && (await openAuditTrail({ config, broker, workers: bus.size, logger }));
  const audit = openAudit({ config, bus, logger });
  const metrics = createMetrics({ config, logger, now, bus });
  return {
    metrics,
    tracing,
    audit,
    watchHashes: (pool) => (metrics === undefined ? pool : { ...pool, ...metrics.watchHashes(pool) }),
    showMetrics: async (sources) => {
      audit?.follow(sources.connections);
      await metrics?.listen(sources);
    },
    reopen: async () => trail?.reopen(),
    close: async () => {
      await Promise.all([metrics?.close(), tracing?.close(), audit?.flush()]);
      await trail?.close();
    },
  };
}

/** OpenTelemetry is large: it is loaded only where traces are on. */
async function openTraces(
  { trace: { endpoint, percent }, backend }: Pick<Config, 'trace' | 'backend'>,
  logger: Logger,
): Promise<TraceExport | undefined> {
  if (endpoint === undefined) return undefined;
  const { openTraceExport } = await import('../observe/tracing/trace-export.ts');
  return openTraceExport({ endpoint, percent, logger, version: packageVersion(), backend: placeOf(backend) });
}

function placeOf(backend: Config['backend']): Readonly<Record<string, string | number>> {
  if (backend.kind === 'embedded') return { 'server.address': 'embedded' };
  if (backend.kind === 'unix') return { 'server.address': backend.path, 'network.transport': 'unix' };
  return { 'server.address': backend.host, 'server.port': backend.port };
}
