import { createServer, type Server } from 'node:https';
import type { Config } from '../../config/schema/schema.ts';
import type { Logger } from '../../lib/logger.ts';
import { answerParserErrors, handleClientErrors } from './client-errors.ts';
import type { ServerCertificate } from '../../pki/authority/server-certificate.ts';
import { attachHandler, type Connections, type Handler } from './connections.ts';
import { admitFirst, type AdmitConnection } from './admit-connection.ts';
import type { FrontProxies } from '../peer/front-proxies.ts';
import { contextOptions, tlsOptions } from './tls-options.ts';

/** The certificate in force, and its changes. */
interface CertificateSource {
  current(): ServerCertificate;
  onChange(listener: (next: ServerCertificate) => void): void;
}

export interface ListenerOptions {
  readonly config: Pick<Config, 'timeouts' | 'limits' | 'tls'>;
  readonly certificate: CertificateSource;
  readonly connections: Connections;
  readonly handler: Handler;
  readonly admit: AdmitConnection;
  readonly addressOf: FrontProxies['addressOf'];
  readonly onDistrust: (address: string, alert: string) => void;
  readonly logger: Logger;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Returns the keys for session tickets, 48 bytes, while the certificate with this fingerprint is in force; undefined for Node's own. */
  readonly ticketKeys: (fingerprint: string) => Buffer | undefined;
}

const CHECK_CONNECTIONS_MS = 5000;

/** Creates an HTTPS server with the limits and the certificate of the gate. It follows the certificate in force, and does not listen yet. */
export function createListener(options: ListenerOptions): Server {
  const { config, certificate, connections, handler, admit, addressOf, onDistrust, logger, now } = options;
  const { timeouts, limits, tls } = config;
  const handshakeMs = timeouts.handshakeSeconds * 1000;
  const server = createServer({
    ...tlsOptions(certificate.current(), tls.profile, handshakeMs),
    // A limit on the whole request would end a long upload. An idle watch ends bodies and answers that make no
    // progress.
    requestTimeout: 0,
    headersTimeout: timeouts.headerSeconds * 1000,
    keepAliveTimeout: timeouts.keepAliveSeconds * 1000,
    connectionsCheckingInterval: Math.min(CHECK_CONNECTIONS_MS, timeouts.headerSeconds * 250),
    maxHeaderSize: limits.headerBytes,
    insecureHTTPParser: false,
    requireHostHeader: false,
  });
  // Node would hide the fields beyond its own limit and still frame the body by them. The admission counts all fields.
  server.maxHeadersCount = 0;
  certificate.onChange((next) => server.setSecureContext(contextOptions(next, tls.profile)));
  shareTickets(server, options);
  admitFirst(server, { timeoutMs: handshakeMs, admit });
  connections.follow(server);
  attachHandler(server, handler, connections);
  answerParserErrors(server, connections);
  handleClientErrors(server, { logger, now, addressOf, onDistrust });
  return server;
}

/** A client that connects to another worker resumes its session, until the certificate changes. */
function shareTickets(
  server: Server,
  { certificate, ticketKeys }: Pick<ListenerOptions, 'certificate' | 'ticketKeys'>,
): void {
  const setKeys = ({ fingerprint }: ServerCertificate): void => {
    const keys = ticketKeys(fingerprint);
    if (keys !== undefined) server.setTicketKeys(keys);
  };
  // Node copies the keys that the first worker started with into each server that starts to listen.
  server.on('listening', () => setKeys(certificate.current()));
  certificate.onChange(setKeys);
}
