import type { AddressInfo, Server } from 'node:net';
import type { Config } from '../config/schema/schema.ts';
import type { Logger } from '../lib/logger.ts';
import { createProblem } from '../oci/problem.ts';
import { createHandler } from '../pipeline/handler.ts';
import { createConnections, type Connections, type OpenExchange } from '../http/listener/connections.ts';
import { findContext } from '../http/context.ts';
import { admitConnections } from '../http/listener/admit-connection.ts';
import { close, listen, type ListenPlace, listenPlaces } from '../http/listener/listen.ts';
import { createListener, type ListenerOptions } from '../http/listener/listener.ts';
import { createConnectionCapacity, openFileLimit } from '../http/listener/connection-capacity.ts';
import type { ConnectionCapacity } from '../http/listener/connection-capacity.ts';
import { createPlainPort } from './plain-port.ts';
import { openServices, type Services } from './services.ts';
import { singleProcess, firstWorkerLogger, sharedKey } from './cluster/cluster-context.ts';
import type { ClusterContext } from './cluster/cluster-context.ts';

/** A gate that listens. */
export interface Gate {
  readonly addresses: readonly AddressInfo[];
  /** One for each socket, the plain port last; 0 for one that the service manager handed over. */
  readonly ports: readonly number[];
  /** Why pushes and pulls would fail, in a few words, or undefined. */
  unready(): Promise<string | undefined>;
  /** Looks at the followed files now (SIGHUP). */
  reload(): Promise<void>;
  /** Takes no more connections, lets running transfers end for the drain time, then cuts what is left. */
  stop(): Promise<void>;
  /** Cuts everything now. */
  stopNow(): void;
}

const TICKET_KEY_BYTES = 48;
const STOPPED = createProblem('UNAVAILABLE', 'The gate was stopped.');

/**
 * Opens the parts of a gate and listens. Throws AppError where certificates, users or an address cannot be had; nothing is
 * left open then.
 */
export async function startGate(
  config: Config,
  logger: Logger,
  cluster: ClusterContext = singleProcess(),
): Promise<Gate> {
  const services = await openServices(config, logger, cluster);
  const connections = createConnections({ headMs: config.timeouts.headerSeconds * 1000, onCut });
  const capacity = createConnectionCapacity({
    limits: config.limits,
    connections,
    openFiles: openFileLimit(),
    workers: cluster.bus.size,
    logger,
    now: services.handler.now,
  });
  const options = listenerOptions(config, logger, { services, cluster, connections, capacity });
  const plain = { config, logger, services, connections, capacity };
  const servers: Server[] = [];
  const securePort = (): number => portOf(servers[0]?.address());
  try {
    for (const place of placesOf(config, cluster)) {
      const server =
        place.flag === '--redirect-listen'
          ? createPlainPort({ ...plain, securePort })
          : createListener(options);
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
  const firstLogger = firstWorkerLogger(logger, cluster.bus);
  for (const { address, port } of addresses) firstLogger.info({ address, port }, 'listening');
  return {
    addresses,
    ports: all.map(portOf),
    unready: () => services.handler.unready(),
    reload: () => services.reload(),
    stop: () => stop(servers, { services, connections, drainMs: config.timeouts.drainSeconds * 1000 }),
    stopNow: () => connections.cut(),
  };
}

interface Listening {
  readonly services: Services;
  readonly cluster: ClusterContext;
  readonly connections: Connections;
  readonly capacity: ConnectionCapacity;
}

/** The way of a connection: admission, the TLS handshake, and its requests to the handler. */
function listenerOptions(
  config: Config,
  logger: Logger,
  { services, cluster, connections, capacity }: Listening,
): ListenerOptions {
  const { handler, certificate, proxies, connectionLimiter, onDistrust } = services;
  return {
    config,
    logger,
    now: handler.now,
    connections,
    admit: admitConnections({ proxies, capacity, limiter: connectionLimiter }),
    certificate,
    ticketKeys: (fingerprint) => sharedKey(cluster, `tickets ${fingerprint}`, TICKET_KEY_BYTES),
    onDistrust,
    addressOf: proxies.addressOf,
    handler: createHandler({ ...handler, isDraining: connections.isDraining }),
  };
}

interface Running {
  readonly services: Services;
  readonly connections: Connections;
  readonly drainMs: number;
}

async function stop(servers: readonly Server[], { services, connections, drainMs }: Running): Promise<void> {
  const closed = servers.map(close);
  connections.drain();
  const timer = setTimeout(() => connections.cut(), drainMs);
  await Promise.all(closed);
  clearTimeout(timer);
  // The last exchanges are in the log, and counted, before what notes them closes.
  await connections.ended();
  await services.close();
}

/**
 * The sockets of this process: beside those of the other workers, at the ports that the first of them has. A single
 * process does not share its port, so that the system refuses it where another program listens there.
 */
function placesOf(
  { listen: addresses, redirectListen }: Config,
  { bus, ports }: ClusterContext,
): readonly ListenPlace[] {
  const shared = bus.size === 1 ? undefined : ports === undefined ? 'first' : 'next';
  const places: readonly Omit<ListenPlace, 'shared'>[] = [
    ...listenPlaces(addresses).map((place) => ({ ...place, flag: '--listen' as const })),
    ...(redirectListen === undefined ? [] : [{ ...redirectListen, flag: '--redirect-listen' as const }]),
  ];
  return places.map((place, at) => {
    const port = place.fd === undefined ? (ports?.[at] ?? place.port) : place.port;
    return { ...place, port, shared };
  });
}

/** Notes that the gate ended an exchange: otherwise the log would say that the client left. */
function onCut({ req }: OpenExchange): void {
  const context = findContext(req);
  if (context !== undefined) context.problem ??= STOPPED;
}

function portOf(address: AddressInfo | string | null | undefined): number {
  return isAddressInfo(address) ? address.port : 0;
}

function isAddressInfo(address: AddressInfo | string | null | undefined): address is AddressInfo {
  return typeof address === 'object' && address !== null;
}
