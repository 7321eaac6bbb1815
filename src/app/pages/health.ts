import { statfs } from 'node:fs/promises';
import { createTopic, isNothing, type Bus } from '../../cluster/bus.ts';
import type { Config } from '../../config/schema/schema.ts';
import type { Connections } from '../../http/listener/connections.ts';
import { packageVersion } from '../../lib/package-version.ts';
import type { HealthReport, Transfer } from '../../pages/owner/health/report.ts';
import type { RegistryBackend } from '../backend/registry-backend.ts';
import type { CertificateKeeper } from '../certificate/certificate.ts';
import type { ExpiryWatch } from '../observe/expiry-watch.ts';
import { createTransferView } from './transfers.ts';

type Followed = Pick<Connections, 'underWay' | 'count'>;

export interface HealthOptions {
  readonly config: Pick<Config, 'backend' | 'cache' | 'state'>;
  readonly bus: Bus;
  readonly registry: Pick<RegistryBackend, 'unready' | 'limitation'>;
  readonly certificate: Pick<CertificateKeeper, 'current'>;
  readonly endings: Pick<ExpiryWatch, 'endings'>;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

/** The state of the gate, for its owners. */
export interface Health {
  /** From now on these connections count. */
  follow(connections: Followed): void;
  read(): Promise<HealthReport>;
}

interface WorkerHealth {
  readonly connections: number;
  readonly transfers: readonly Transfer[];
  readonly others: number;
}

const HEALTH = createTopic('health', isNothing, isWorkerHealth);
const COLLECT_MS = 3000;
/** More than a person reads at once. */
const MOST_TRANSFERS = 50;

/** Each process answers for itself; whichever a browser asks adds them up. */
export function openHealth(options: HealthOptions): Health {
  const { bus, now, config, certificate, endings } = options;
  const view = createTransferView({ now, most: MOST_TRANSFERS });
  let connections: Followed | undefined;
  bus.handle(HEALTH, (): WorkerHealth => {
    if (connections === undefined) return { connections: 0, transfers: [], others: 0 };
    return { connections: connections.count(), ...view.look(connections.underWay()) };
  });
  return {
    follow: (opened) => (connections = opened),
    read: async () => {
      const [workers, registry, disks] = await Promise.all([
        bus.collect(HEALTH, undefined, COLLECT_MS),
        readRegistry(options),
        readDisks(config),
      ]);
      const all = workers.flatMap(({ transfers }) => transfers).toSorted((a, b) => b.bytes - a.bytes);
      const transfers = all.slice(0, MOST_TRANSFERS);
      const others = workers.reduce((sum, worker) => sum + worker.others, all.length - transfers.length);
      return {
        version: packageVersion(),
        node: process.version,
        startedAt: Date.now() - process.uptime() * 1000,
        workers: { expected: bus.size, answered: workers.length },
        connections: workers.reduce((sum, worker) => sum + worker.connections, 0),
        registry,
        names: certificate.current().names,
        endings: endings.endings(),
        disks,
        transfers,
        otherTransfers: others,
      };
    },
  };
}

async function readRegistry({
  config: { backend },
  registry,
}: Pick<HealthOptions, 'config' | 'registry'>): Promise<HealthReport['registry']> {
  const [unready, limitation] = await Promise.all([registry.unready(), registry.limitation?.()]);
  if (backend.kind === 'embedded') return { isEmbedded: true, name: backend.directory, unready, limitation };
  const name =
    backend.kind === 'unix' ? `unix:${backend.path}` : `${backend.kind}://${backend.host}:${backend.port}`;
  return { isEmbedded: false, name, unready, limitation };
}

async function readDisks({ backend, cache, state }: HealthOptions['config']): Promise<HealthReport['disks']> {
  const places = [
    ...(backend.kind === 'embedded' ? [{ place: 'registry' as const, directory: backend.directory }] : []),
    ...(cache.directory === undefined ? [] : [{ place: 'cache' as const, directory: cache.directory }]),
    { place: 'state' as const, directory: state },
  ];
  const disks = await Promise.all(
    places.map(async ({ place, directory }) => {
      const found = await statfs(directory).catch(() => undefined);
      if (found === undefined) return undefined;
      const { bsize, bavail, blocks } = found;
      return { place, directory, free: bsize * bavail, size: bsize * blocks };
    }),
  );
  return disks.filter((disk) => disk !== undefined);
}

/** Guard: a worker runs the same program. */
function isWorkerHealth(value: unknown): value is WorkerHealth {
  return (
    typeof value === 'object' && value !== null && 'transfers' in value && Array.isArray(value.transfers)
  );
}
