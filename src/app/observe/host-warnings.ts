import { X509Certificate } from 'node:crypto';
import { namesHost } from '../../pki/x509/names-host.ts';
import type { Logger } from '../../lib/logger.ts';

interface HostWarningsOptions {
  /** PEM of the certificate in force, leaf first. */
  readonly certificate: () => string;
  readonly logger: Logger;
}

/** The most hosts that are checked, each once. */
const MOST_HOSTS = 64;

/**
 * Warns once of each host that clients are sent to for their tokens although the certificate does not name it. A front
 * proxy that changes Host causes this: clients look for a server that they cannot find or do not trust.
 */
export function warnOfForeignHosts({ certificate, logger }: HostWarningsOptions): (host: string) => void {
  const seen = new Set<string>();
  return (host) => {
    if (seen.has(host) || seen.size >= MOST_HOSTS) return;
    seen.add(host);
    if (namesHost(new X509Certificate(certificate()), host)) return;
    logger.warn(
      {
        host,
        warning: `clients are sent to https://${host}/token for their tokens, and the certificate is not for that name`,
      },
      'set publicUrl to the address that clients use, or let the front proxy pass Host on unchanged',
    );
  };
}
