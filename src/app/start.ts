import type { Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Config } from '../config/schema/schema.ts';
import type { Logger } from '../lib/logger.ts';
import { createProblem } from '../oci/problem.ts';
import { createHandler } from '../pipeline/handler.ts';
import { createConnections } from '../http/listener/connections.ts';
import type { Connections, OpenExchange } from '../http/listener/connections.ts';
import { findContext } from '../http/context.ts';
import { admitConnections } from '../http/listener/admit-connection.ts';
import { createFrontProxies } from '../http/peer/front-proxies.ts';
import { close, listen } from '../http/listener/listen.ts';
import type { ListenPlace } from '../http/listener/listen.ts';
import { listenPlaces } from '../http/listener/listen-places.ts';
import { createListener } from '../http/listener/listener.ts';
import type { ListenerOptions } from '../http/listener/listener.ts';
import { createConnectionCapacity, openFileLimit } from '../http/listener/connection-capacity.ts';
import type { ConnectionCapacity } from '../http/listener/connection-capacity.ts';
import { createServices } from './services.ts';
import type { Services } from './services.ts';
import { limitTransfers } from './transfer-limits.ts';
import { singleProcess, firstWorkerLogger, sharedKey } from './cluster/cluster-context.ts';
import type { ClusterContext } from './cluster/cluster-context.ts';
import { watchUntrustedTokens } from '../pipeline/auth/untrusted-tokens.ts';
import { openLimiters } from './cluster/limiters.ts';

/** A gate that listens. */
export interface Gate {
  readonly addresses: readonly AddressInfo[];
  /** One for each place; 0 where it is a socket that was handed over. */
  readonly ports: readonly number[];
  /** Why pushes and pulls would fail, in a few words, or undefined. */
  unready(): Promise<string | undefined>;
  /** SIGHUP: look at certificate and users now. */
  reload(): Promise<void>;
  /** Takes no more connections, lets running transfers end for the drain time, then cuts what is left. */
  stop(): Promise<void>;
  /** Cuts everything now. */
  stopNow(): void;
}

const TICKET_KEY_BYTES = 48;
const STOPPED = createProblem('UNAVAILABLE', 'The gate was stopped.');

/** Assembles and listens. Throws AppError where certificates, users or an address are not to be had; nothing is left open then. */
export async function startGate(
  config: Config,
  logger: Logger,
  cluster: ClusterContext = singleProcess(),
): Promise<Gate> {
  const services = await createServices(config, logger, cluster);
  const connections = createConnections({ headMs: config.timeouts.headerSeconds * 1000, onCut });
  const servers: Server[] = [];
  try {
    const { capacity, ...options } = openFront({ config, services, connections, logger, cluster });
    for (const place of placesOf(config, cluster)) {
      const server = createListener(options);
      servers.push(server);
      await listen(server, place, logger);
    }
    await services.showMetrics({ ...connections, refused: capacity.refused });
  } catch (error) {
    for (const server of servers) server.close();
    await services.close();
    throw error;
  }
  const all = servers.map((server) => server.address());
  const addresses = all.filter(isAddressInfo);
  const chores = firstWorkerLogger(logger, cluster.bus);
  for (const { address, port } of addresses) chores.info({ address, port }, 'listening');
  const stop = async (): Promise<void> => {
    services.drain();
    const closed = servers.map(close);
    connections.drain();
    const timer = setTimeout(() => connections.cut(), config.timeouts.drainSeconds * 1000);
    await Promise.all(closed);
    clearTimeout(timer);
    await services.close();
  };
  return {
    addresses,
    ports: all.map((address) => (isAddressInfo(address) ? address.port : 0)),
    unready: () => services.app.unready(),
    reload: () => services.reload(),
    stop,
    stopNow: () => connections.cut(),
  };
}

/** Where this process listens: beside the other workers, at the ports that the first of them has. */
function placesOf({ listen: addresses }: Config, { bus, ports }: ClusterContext): readonly ListenPlace[] {
  const shared = bus.size === 1 ? undefined : ports === undefined ? 'first' : 'next';
  return listenPlaces(addresses).map((place, at) => {
    const port = place.fd === undefined ? (ports?.[at] ?? place.port) : place.port;
    return { ...place, port, flag: '--listen', shared };
  });
}

interface Front extends ListenerOptions {
  readonly capacity: ConnectionCapacity;
}

interface FrontOptions {
  readonly config: Config;
  readonly services: Services;
  readonly connections: Connections;
  readonly logger: Logger;
  readonly cluster: ClusterContext;
}

/** What stands between a connection and the services: who it is from, whether there is room for it and for what it asks. */
function openFront({
  config,
  services: { app, certificate },
  connections,
  logger,
  cluster,
}: FrontOptions): Front {
  const { bus } = cluster;
  const { limits, frontProxies, publicUrl } = config;
  const { now } = app;
  const openFiles = openFileLimit();
  const capacity = createConnectionCapacity({
    limits,
    connections,
    openFiles,
    workers: bus.size,
    logger,
    now,
  });
  const limiters = openLimiters(limits, bus);
  const proxies = createFrontProxies({ config: frontProxies, logger, now });
  const { addressOf } = proxies;
  const hostOf = publicUrl === undefined ? proxies.hostOf : (): string => publicUrl;
  const forward = limitTransfers({ limits, limiter: limiters.transfers, bus, now }, app.forward);
  const trust = watchUntrustedTokens({ logger, now, bus });
  const watched = { challenge: trust.noting(app.challenge), observe: trust.observing(app.observe) };
  return {
    capacity,
    config,
    certificate,
    connections,
    logger,
    now,
    ticketKeys: (fingerprint) => sharedKey(cluster, `tickets ${fingerprint}`, TICKET_KEY_BYTES),
    admit: admitConnections({ proxies, capacity, limiter: limiters.connections }),
    addressOf,
    onDistrust: trust.refused,
    handler: createHandler({ ...app, ...watched, addressOf, hostOf, forward }),
  };
}

/** A transfer that we break off ourselves was not left by the client. */
function onCut({ req }: OpenExchange): void {
  const context = findContext(req);
  if (context !== undefined) context.problem ??= STOPPED;
}

function isAddressInfo(address: AddressInfo | string | null): address is AddressInfo {
  return typeof address === 'object' && address !== null;
}
