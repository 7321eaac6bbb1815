import type { Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Config } from '../config/schema.ts';
import { AppError, systemCode } from '../lib/errors.ts';
import type { Logger } from '../lib/logger.ts';
import { createProblem } from '../registry/problem.ts';
import { createHandler } from './app.ts';
import { createConnections } from './connections.ts';
import type { OpenExchange } from './connections.ts';
import { findContext } from './context.ts';
import { createListener } from './listener.ts';
import { createServices } from './services.ts';

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
export async function startGate(config: Config, logger: Logger): Promise<Gate> {
  const services = await createServices(config, logger);
  const connections = createConnections({ headMs: config.timeouts.headerSeconds * 1000, onCut });
  const servers: Server[] = [];
  try {
    const handler = createHandler(services.app);
    for (const address of config.listen) {
      const server = createListener({ config, services, connections, handler, logger });
      servers.push(server);
      await listen(server, address, logger);
    }
  } catch (error) {
    for (const server of servers) server.close();
    await services.close();
    throw error;
  }
  const addresses = servers.map((server) => server.address()).filter(isAddressInfo);
  for (const { address, port } of addresses) logger.info({ address, port }, 'listening');
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

/** A transfer that we break off ourselves was not left by the client. */
function onCut({ req }: OpenExchange): void {
  const context = findContext(req);
  if (context !== undefined) context.problem ??= STOPPED;
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => void server.close(() => resolve()));
}

function listen(server: Server, { host, port }: Config['listen'][number], logger: Logger): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(explain(error, host, port)));
    server.listen({ port, ...(host === undefined ? {} : { host }) }, () => {
      server.removeAllListeners('error');
      // A connection that could not be accepted is no reason to end all others.
      server.on('error', (error) =>
        logger.error({ error: systemCode(error) ?? error.name }, 'accept failed'),
      );
      resolve();
    });
  });
}

function explain(error: Error, host: string | undefined, port: number): AppError {
  const code = systemCode(error);
  const place = `${host ?? '*'}:${port}`;
  const hints: Readonly<Record<string, string>> = {
    EADDRINUSE: `Another program has it. See which: ss -ltnp 'sport = :${port}'. Or choose another: --listen :8443`,
    EACCES:
      'Ports below 1024 need a right: run as root, or sysctl net.ipv4.ip_unprivileged_port_start=0, or --listen :8443',
    EADDRNOTAVAIL: 'This machine does not have that address. Use --listen :443 for all that it has.',
  };
  return new AppError('LISTEN_FAILED', {
    message: `Can't listen on ${place} (${code ?? error.message}).`,
    hint: hints[code ?? ''] ?? 'Choose another address with --listen HOST:PORT.',
    cause: error,
  });
}

function isAddressInfo(address: AddressInfo | string | null): address is AddressInfo {
  return typeof address === 'object' && address !== null;
}
