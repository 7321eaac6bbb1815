import type { Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Config } from '../config/schema.ts';
import type { Logger } from '../lib/logger.ts';
import { createProblem } from '../registry/problem.ts';
import { createHandler } from './app.ts';
import { createConnections } from './connections.ts';
import type { OpenExchange } from './connections.ts';
import { findContext } from './context.ts';
import { createFrontDoor } from './front-door.ts';
import { createFrontProxies } from './front-proxies.ts';
import { close, listen } from './listen.ts';
import { createListener } from './listener.ts';
import type { ListenerOptions } from './listener.ts';
import { createServices } from './services.ts';
import type { Services } from './services.ts';
import { limitTransfers } from './transfer-limits.ts';
import { alone, saidOnce } from './together.ts';
import type { Together } from './together.ts';
import { openEntrances } from './turnstiles.ts';

/** A gate that listens. */
export interface Gate {
  readonly addresses: readonly AddressInfo[];
  /** Why pushes and pulls would fail, in a few words, or undefined. */
  unready(): Promise<string | undefined>;
  /** SIGHUP: look at certificate and users now. */
  reload(): Promise<void>;
  /** Takes no more connections, lets running transfers end for the drain time, then cuts what is left. */
  stop(): Promise<void>;
  /** Cuts everything now. */
  stopNow(): void;
}

const STOPPED = createProblem('UNAVAILABLE', 'The gate was stopped.');

/** Assembles and listens. Throws AppError where certificates, users or an address are not to be had; nothing is left open then. */
export async function startGate(config: Config, logger: Logger, together: Together = alone()): Promise<Gate> {
  const services = await createServices(config, logger, together);
  const connections = createConnections({ headMs: config.timeouts.headerSeconds * 1000, onCut });
  const servers: Server[] = [];
  try {
    const front = openFront(config, services, logger, together);
    for (const address of config.listen) {
      const server = createListener({ config, services, connections, ...front, logger, together });
      servers.push(server);
      await listen(server, { ...address, flag: '--listen' }, logger);
    }
    await services.showMetrics(connections);
  } catch (error) {
    for (const server of servers) server.close();
    await services.close();
    throw error;
  }
  const addresses = servers.map((server) => server.address()).filter(isAddressInfo);
  const chores = saidOnce(logger, together.bus);
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
    unready: () => services.app.unready(),
    reload: () => services.reload(),
    stop,
    stopNow: () => connections.cut(),
  };
}

type Front = Pick<ListenerOptions, 'greet' | 'addressOf' | 'handler'>;

/** What stands between a connection and the services: who it is from, whether there is room for it and for what it asks. */
function openFront(config: Config, { app }: Services, logger: Logger, { bus }: Together): Front {
  const { limits, frontProxies, publicUrl } = config;
  const { now } = app;
  const entrances = openEntrances(limits, bus);
  const proxies = createFrontProxies({ config: frontProxies, logger, now });
  const { addressOf } = proxies;
  const hostOf = publicUrl === undefined ? proxies.hostOf : (): string => publicUrl;
  const forward = limitTransfers({ limits, entrance: entrances.transfers, bus, now }, app.forward);
  return {
    greet: createFrontDoor({ proxies, entrance: entrances.connections }),
    addressOf,
    handler: createHandler({ ...app, addressOf, hostOf, forward }),
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
