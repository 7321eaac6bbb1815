import { X509Certificate } from 'node:crypto';
import type { Server } from 'node:http';
import type { Config } from '../config/schema/schema.ts';
import type { Logger } from '../lib/logger.ts';
import { namesHost } from '../pki/x509/names-host.ts';
import type { ConnectionCapacity } from '../http/listener/connection-capacity.ts';
import type { Connections } from '../http/listener/connections.ts';
import { admitConnections } from '../http/listener/admit-connection.ts';
import type { PlainPages } from '../http/plain/plain-answer.ts';
import { createPlainListener } from '../http/plain/plain-listener.ts';
import type { Services } from './services.ts';

interface PlainPortOptions {
  readonly config: Config;
  readonly logger: Logger;
  readonly services: Pick<Services, 'handler' | 'certificate' | 'proxies' | 'connectionLimiter'>;
  readonly connections: Connections;
  readonly capacity: ConnectionCapacity;
  /** The port that serves https. */
  readonly securePort: () => number;
}

/** Creates the server of the plain port, which shares the limits on connections with the others. */
export function createPlainPort(options: PlainPortOptions): Server {
  const { config, logger, services, connections, capacity, securePort } = options;
  const { proxies, certificate, connectionLimiter: limiter, handler } = services;
  return createPlainListener({
    config,
    logger,
    now: handler.now,
    connections,
    admit: admitConnections({ proxies, capacity, limiter }),
    addressOf: proxies.addressOf,
    pages: {
      authority: handler.authority,
      secureHost: secureHosts(config, certificate, securePort),
      // Nothing asks an ACME server for a certificate yet.
      challenge: () => undefined,
    },
  });
}

/** Only hosts of the certificate are redirected to: what else stands in Host would lead people anywhere. */
function secureHosts(
  { publicUrl }: Pick<Config, 'publicUrl'>,
  certificate: Services['certificate'],
  securePort: () => number,
): PlainPages['secureHost'] {
  let seen = '';
  let leaf: X509Certificate | undefined;
  return (host) => {
    const { cert } = certificate.current();
    if (leaf === undefined || cert !== seen) leaf = new X509Certificate((seen = cert));
    if (!namesHost(leaf, host)) return undefined;
    const port = securePort();
    return publicUrl ?? `${host.replace(/:\d+$/, '')}${port === 443 ? '' : `:${port}`}`;
  };
}
