import type { Config } from '../config/schema/schema.ts';
import type { Logger } from '../lib/logger.ts';
import { logExchange } from '../observe/access-log.ts';
import type { Exchange } from '../observe/exchange.ts';
import { warnOfSlowCommit } from '../observe/access-log.ts';
import type { HashPool } from '../auth/passwords/hash-pool.ts';
import { createLocalBus } from '../cluster/local-bus.ts';
import type { Bus } from '../cluster/bus.ts';
import type { AppOptions } from '../pipeline/handler.ts';
import { openAudit } from './observe/audit.ts';
import type { Audit } from './observe/audit.ts';
import { createMetrics } from './observe/metrics.ts';
import type { MetricsSources } from './observe/metrics.ts';
import { openTraces, traceJobs } from './observe/trace-jobs.ts';

export interface ObserversOptions {
  readonly config: Config;
  readonly logger: Logger;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** To the other workers. */
  readonly bus?: Bus;
}

/** All who look on and change nothing. */
export interface Observers {
  observe(exchange: Exchange): void;
  /** The same way to the registry, with the place in a trace told to it where there is one. */
  follow(forward: AppOptions['forward']): AppOptions['forward'];
  /** The same pool, looked at. */
  watchHashes(pool: HashPool): HashPool;
  /** Opens the page of metrics, where there is to be one. Rejects with AppError LISTEN_FAILED. */
  showMetrics(sources: MetricsSources): Promise<void>;
  /** Undefined where there is none. */
  readonly audit: Audit | undefined;
  close(): Promise<void>;
}

export async function openObservers({
  config,
  logger,
  now,
  bus = createLocalBus().bus,
}: ObserversOptions): Promise<Observers> {
  const tracing = await openTraces(config, logger);
  const audit = await openAudit({ config, bus, logger });
  const metrics = createMetrics({ config, logger, now, bus });
  return {
    audit,
    observe: (exchange) => {
      logExchange(logger, exchange);
      warnOfSlowCommit(logger, exchange);
      metrics?.observe(exchange);
      tracing?.observe(exchange);
      audit?.observe(exchange);
    },
    follow: (forward) => traceJobs(tracing, audit === undefined ? forward : audit.follow(forward)),
    watchHashes: (pool) => (metrics === undefined ? pool : { ...pool, ...metrics.watchHashes(pool) }),
    showMetrics: async (sources) => {
      audit?.look(sources.connections);
      await metrics?.listen(sources);
    },
    close: async () => {
      await Promise.all([metrics?.close(), tracing?.close(), audit?.close()]);
    },
  };
}
