import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { Config } from '../../config/schema/schema.ts';
import type { Logger } from '../../lib/logger.ts';
import { printable } from '../../lib/printable.ts';
import { respond } from '../../oci/respond.ts';
import { admitFirst, type AdmitConnection } from '../listener/admit-connection.ts';
import { answerParserErrors } from '../listener/client-errors.ts';
import { attachHandler, type Connections } from '../listener/connections.ts';
import type { FrontProxies } from '../peer/front-proxies.ts';
import { answerPlain, hasCredentials, type PlainPages } from './plain-answer.ts';

interface PlainListenerOptions {
  readonly config: Pick<Config, 'timeouts' | 'limits'>;
  readonly pages: PlainPages;
  readonly connections: Connections;
  readonly admit: AdmitConnection;
  readonly addressOf: FrontProxies['addressOf'];
  readonly logger: Logger;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

const CHECK_CONNECTIONS_MS = 5000;
const WARN_EVERY_MS = 60_000;

/**
 * Creates the HTTP server of the port that only redirects to https, with the limits of the gate on connections, heads
 * and time. It does not listen yet. No request reaches the registry, and none is read beyond its head.
 */
export function createPlainListener(options: PlainListenerOptions): Server {
  const { config, connections, admit, pages } = options;
  const { timeouts, limits } = config;
  const headMs = timeouts.headerSeconds * 1000;
  const server = createServer({
    requestTimeout: headMs,
    headersTimeout: headMs,
    connectionsCheckingInterval: Math.min(CHECK_CONNECTIONS_MS, headMs / 4),
    maxHeaderSize: limits.headerBytes,
    insecureHTTPParser: false,
    requireHostHeader: false,
  });
  // A field beyond Node's own limit would be hidden, also an Authorization.
  server.maxHeadersCount = 0;
  admitFirst(server, { timeoutMs: timeouts.handshakeSeconds * 1000, admit });
  connections.follow(server, 'connection');
  const note = createNotes(options);
  attachHandler(
    server,
    (req, res) => {
      const answer = answerPlain(req, pages);
      note(req, answer.status);
      respond(res, answer);
    },
    connections,
  );
  answerParserErrors(server, connections);
  return server;
}

/** A line for each request, without its fields and its query; credentials cause a warning, at most one a minute. */
function createNotes({
  addressOf,
  logger,
  now,
}: PlainListenerOptions): (req: IncomingMessage, status: number) => void {
  let nextWarning = -Infinity;
  let unsaid = 0;
  return (req, status) => {
    const address = addressOf({ socket: req.socket, headers: {} });
    const path = printable((req.url ?? '').replace(/\?.*$/s, ''));
    logger.info({ address, method: req.method, path, status }, 'plain port');
    if (!hasCredentials(req)) return;
    unsaid += 1;
    if (now() < nextWarning) return;
    nextWarning = now() + WARN_EVERY_MS;
    logger.warn(
      { address, count: unsaid },
      'credentials came to the plain port, where everybody on the way can read them: that client has the address without https, or lists it in insecure-registries. Change its password or token',
    );
    unsaid = 0;
  };
}
