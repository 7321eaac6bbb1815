import { BlobFiles } from '../../backend/cache/blob-files.ts';
import type { CacheCounters } from '../../backend/cache/counters.ts';
import type { RepositoryBlob } from '../../backend/cache/blob-presence.ts';
import { LayerCache } from '../../backend/cache/layer-cache.ts';
import type { Config } from '../../config/schema/schema.ts';
import { createIdleWatch, type IdleLimits } from '../../lib/streams/idle-watch.ts';
import type { Logger } from '../../lib/logger.ts';
import type { BackendOptions } from '../../backend/client/backend-address.ts';
import { createBlobSource } from '../../backend/cache/blob-source.ts';
import { createConnectionPool } from '../../backend/client/backend-connection.ts';
import { createTopic, isNothing, type Bus } from '../../cluster/bus.ts';
import type { Forward, ForwardStep } from '../../pipeline/stage.ts';

interface CachedBackendOptions {
  readonly cache: Config['cache'];
  readonly backend: BackendOptions;
  readonly limits: IdleLimits;
  /** Informs the other workers of deletions. */
  readonly bus: Bus;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly logger: Logger;
}

/** The layer cache before a registry. */
interface CachedBackend {
  /** Answers the blobs that the cache holds. Can be part of one pipeline. */
  readonly step: ForwardStep;
  counters(): CacheCounters;
  close(): void;
}

const DELETED = createTopic('a blob was deleted', isPlace, isNothing);

/** Undefined where no cache is configured. Throws AppError FILE_UNWRITABLE. */
export async function openCachedBackend(options: CachedBackendOptions): Promise<CachedBackend | undefined> {
  const { cache, backend, limits, bus, now, logger } = options;
  if (cache.directory === undefined) return undefined;
  const files = await BlobFiles.open({
    directory: cache.directory,
    limit: cache.size,
    now: () => new Date(),
  });
  const idle = createIdleWatch(limits, now);
  const pool = createConnectionPool(backend, now);
  let forward: Forward;
  const layers = new LayerCache({
    files,
    source: createBlobSource({ pool, watch: idle }),
    pass: (job) => forward(job),
    checkMs: cache.checkSeconds * 1000,
    onDelete: (place) => bus.publish(DELETED, place),
    idle,
    now,
    logger,
  });
  bus.handle(DELETED, (place) => layers.forget(place));
  return {
    step: (next) => {
      forward = next;
      return (job) => layers.forward(job);
    },
    counters: () => layers.counters(),
    close: () => {
      layers.close();
      idle.close();
      pool.close();
    },
  };
}

function isPlace(value: unknown): value is RepositoryBlob {
  if (typeof value !== 'object' || value === null) return false;
  const { repository, digest } = value as Partial<RepositoryBlob>;
  return typeof repository === 'string' && typeof digest === 'string';
}
