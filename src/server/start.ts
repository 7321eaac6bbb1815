import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Config } from '../config/schema.ts';
import { AppError, systemCode } from '../lib/errors.ts';
import type { Logger } from '../lib/logger.ts';
import { createHandler } from './app.ts';
import { handleClientErrors } from './client-errors.ts';
import { lingerOnClose } from './linger.ts';
import { createServices } from './services.ts';
import type { Services } from './services.ts';
import { contextOptions, tlsOptions } from './tls-options.ts';

/** A gate that listens. */
export interface Gate {
  readonly addresses: readonly AddressInfo[];
  /** SIGHUP: look at certificate and users now. */
  reload(): Promise<void>;
  /** Takes no more connections, lets running transfers end for the drain time, then cuts what is left. */
  stop(): Promise<void>;
  /** Cuts everything now. */
  stopNow(): void;
}

type Handler = (req: IncomingMessage, res: ServerResponse) => void;

const CHECK_CONNECTIONS_MS = 5000;

/** Assembles and listens. Throws AppError where certificates, users or an address are not to be had; nothing is left open then. */
export async function startGate(config: Config, logger: Logger): Promise<Gate> {
  const services = await createServices(config, logger);
  const servers: Server[] = [];
  try {
    const handler = createHandler(services.app);
    for (const address of config.listen) {
      const server = createListener(config, services, handler, logger);
      servers.push(server);
      await listen(server, address);
    }
  } catch (error) {
    for (const server of servers) server.close();
    await services.close();
    throw error;
  }
  const addresses = servers.map((server) => server.address()).filter(isAddressInfo);
  for (const { address, port } of addresses) logger.info({ address, port }, 'listening');
  return createGate(config, services, servers, addresses);
}

function createGate(
  config: Config,
  services: Services,
  servers: readonly Server[],
  addresses: readonly AddressInfo[],
): Gate {
  const cut = (): void => {
    for (const server of servers) server.closeAllConnections();
  };
  return {
    addresses,
    reload: () => services.reload(),
    stopNow: cut,
    stop: async () => {
      services.drain();
      const timer = setTimeout(cut, config.timeouts.drainSeconds * 1000);
      await Promise.all(servers.map(closed));
      clearTimeout(timer);
      await services.close();
    },
  };
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
  });
}

function createListener(
  config: Config,
  { certificate, app }: Services,
  handler: Handler,
  logger: Logger,
): Server {
  const { timeouts, limits, tls } = config;
  const server = createServer({
    ...tlsOptions(certificate.current(), tls.profile, timeouts.handshakeSeconds * 1000),
    // A limit on the whole request would end a long upload; body and answer are watched for standing still instead.
    requestTimeout: 0,
    headersTimeout: timeouts.headerSeconds * 1000,
    keepAliveTimeout: timeouts.keepAliveSeconds * 1000,
    connectionsCheckingInterval: Math.min(CHECK_CONNECTIONS_MS, timeouts.headerSeconds * 250),
    maxHeaderSize: limits.headerBytes,
    insecureHTTPParser: false,
    requireHostHeader: false,
  });
  // Fields past Node's own count would be hidden from us and still frame the body; admission counts all of them.
  server.maxHeadersCount = 0;
  if (limits.connections !== undefined) server.maxConnections = limits.connections;
  certificate.onChange((next) => server.setSecureContext(contextOptions(next, tls.profile)));
  attachHandler(server, handler, (isAnswering) =>
    handleClientErrors(server, { logger, now: app.now, isAnswering }),
  );
  return server;
}

/** Every way in which Node hands over a request ends in the same handler, so that nothing is answered around it. */
function attachHandler(
  server: Server,
  handler: Handler,
  onErrors: (isAnswering: (socket: Duplex) => boolean) => void,
): void {
  const answers = new WeakMap<Duplex, { readonly req: IncomingMessage; readonly res: ServerResponse }>();
  const handle: Handler = (req, res) => {
    answers.set(req.socket, { req, res });
    handler(req, res);
  };
  server.on('request', handle).on('checkContinue', handle).on('checkExpectation', handle);
  server.on('secureConnection', (socket) => {
    socket.setNoDelay(true);
    socket.setKeepAlive(true, 30_000);
    lingerOnClose(socket, () => answers.get(socket)?.req);
  });
  onErrors((socket) => {
    const answer = answers.get(socket);
    return answer !== undefined && answer.res.headersSent && !answer.res.writableFinished;
  });
}

function listen(server: Server, { host, port }: Config['listen'][number]): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(explain(error, host, port)));
    server.listen({ port, ...(host === undefined ? {} : { host }) }, () => {
      server.removeAllListeners('error');
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
